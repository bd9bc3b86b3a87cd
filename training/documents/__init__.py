"""Model card and data sheet: one document model, written as HTML and as Markdown, with plots."""
