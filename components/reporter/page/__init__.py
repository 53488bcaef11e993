"""HTML report. Read page.py first, which fills the templates, then run_section.py, which completes a report later.

themed_svg.py embeds matplotlib figures; the other modules prepare values for the templates.
"""
