"""The price of a million predictions, computed from the time that is billed."""

import math
from typing import Any

# Public on-demand prices, US East (N. Virginia), x86, in US dollars, as of 2026-11; check them before you rely on them.
PRICES_AS_OF = "November 2026"
GB_SECOND = 0.0000166667
LAMBDA_REQUEST = 0.20e-6
HTTP_API_REQUEST = 1.00e-6
LOG_GB = 0.50
MEMORY_GB = 0.5
# Lambda gives one whole core at 1,769 MB, and below that a proportional share.
_CORE_SHARE = MEMORY_GB * 1024 / 1769
_MILLION = 1_000_000


def per_million(*, milliseconds: float, log_bytes: float, cold_start_ms: float) -> dict[str, Any]:
    """Prices in US dollars.

    Args:
        milliseconds: time of one invocation on a whole core of this machine.
        log_bytes: bytes that one invocation writes to the log.
        cold_start_ms: time from executing the interpreter to the first answer, on a whole core of this machine.
    """
    on_a_core = math.ceil(milliseconds)
    on_its_share = math.ceil(milliseconds / _CORE_SHARE)
    return {
        "billed_ms_whole_core": on_a_core,
        "billed_ms_at_512_mb": on_its_share,
        "compute": on_its_share / 1000 * MEMORY_GB * GB_SECOND * _MILLION,
        "requests": LAMBDA_REQUEST * _MILLION,
        "http_api": HTTP_API_REQUEST * _MILLION,
        "logs": log_bytes * _MILLION / 1e9 * LOG_GB,
        "log_bytes": log_bytes,
        "thousand_cold_starts": 1000 * math.ceil(cold_start_ms / _CORE_SHARE) / 1000 * MEMORY_GB * GB_SECOND,
    }
