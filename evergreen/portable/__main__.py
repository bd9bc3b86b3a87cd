"""Write docs/portable.md: python -m evergreen.portable > docs/portable.md"""

from evergreen.portable import families

_HEAD = """\
# What has a portable form

Written by `python -m evergreen.portable > docs/portable.md`; a test holds it up to date.

Training exports the fitted scikit-learn estimator to plain data, which a pure-Python scorer evaluates in the library's
own arithmetic. What is not listed here is refused at training, by name.
"""

_EXACTNESS = """
## How exact

| what | agreement with scikit-learn |
|---|---|
| trees, forests, both boostings: raw scores, regression, classes | to the last bit (forests: predicted in one thread) |
| forests' and trees' probabilities | to the last bit |
| linear scores | within 1e-12 of the sum of absolute terms; BLAS's order of addition depends on the processor |
| links exp, expm1, softmax; the function log1p | within a few units in the last place (below) |

numpy's vectorised exp, expm1 and log1p (AVX-512) round one value in twenty otherwise than the C library, which the
portable model calls; which form numpy takes depends on the processor.

A value that scikit-learn itself rejects (infinite; beyond float32 for trees, forests and gradient boosting; missing
where the estimator takes none; an unknown category where the encoder is strict) is rejected by name.

A missing text is one thing to the portable model, whether training held it as NaN or None: an encoder that met both in
one column is refused. Text columns reach encoders as text: given as pandas categories, the library sees a category
that is not among them as missing, which is not what the portable model sees.
"""


def document() -> str:
    """The page, from the table of families."""
    parts = [_HEAD]
    for title, role in (("Estimators", "export"), ("Transformers", "export_step")):
        rows = [f"| {kind} | {note} |" for kind, note in families.supported(role).items()]
        parts.append("\n".join([f"\n## {title}\n", "| class | supported |", "|---|---|", *rows]) + "\n")
    return "".join([*parts, _EXACTNESS])


if __name__ == "__main__":
    print(document(), end="")
