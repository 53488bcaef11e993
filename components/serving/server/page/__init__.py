"""The page of the server: one HTML, one CSS and one JavaScript file without dependencies, and their routes.

`index.html` is the structure, `page.js` asks the REST API like any other client and marks entities in the text, and
`page.css` follows `components/common/palette.css`, the colours of the report, too. Read `routes` for the headers and
the list of models.
"""

from components.serving.server.page.routes import page_router

__all__ = ["page_router"]
