"""Model card and data sheet: one document model, rendered as HTML and as Markdown, with plots."""
