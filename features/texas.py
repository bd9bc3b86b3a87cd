"""What is known of a city's housing market, for the demo: the figures of its newest month that has ended.

`feast apply` reads this file as it is. Evergreen needs a created_timestamp_column besides: without it, a value that was
corrected later would reach rows of before. How to write such files: docs/features.md.
"""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Float64, Int64, String

city = Entity(name="city", value_type=ValueType.STRING, description="A city of Texas, as the table writes its name")

history = FileSource(
    name="city_market_history",
    path="data/city_market/*.parquet",
    timestamp_field="event_timestamp",
    created_timestamp_column="created",
    description="A row for each city and month, known on the first day of the next month: cli/demo/city_market.py",
)

city_market = FeatureView(
    name="city_market",
    entities=[city],
    # No limit: the demo's data ends in 2015, and it is predicted on today.
    ttl=timedelta(0),
    source=PushSource(name="city_market_push", batch_source=history),
    schema=[
        Field(name="city", dtype=String),
        Field(name="year", dtype=Int64, description="Of the month that the figures are of"),
        Field(name="month", dtype=Int64),
        Field(name="sales", dtype=Int64, description="Houses sold in the month"),
        Field(name="listings", dtype=Int64, description="Houses on offer"),
        Field(name="inventory", dtype=Float64, description="Months in which what is on offer would be sold"),
        Field(name="sales_3m", dtype=Float64, description="Mean of the sales of three months"),
        Field(name="sales_12m", dtype=Float64, description="Mean of the sales of twelve months"),
        Field(
            name="median_change_12m",
            dtype=Float64,
            description="Share by which the median price has risen since the same month of the year before",
        ),
    ],
)

service = FeatureService(name="city_market", features=[city_market], description="What the demo's model reads")
