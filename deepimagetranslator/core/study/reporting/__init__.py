"""The document of a study's report: what it says, and how that becomes Markdown and HTML."""
