"""Reports of a conversion: HTML, JSON, thumbnails, and the viewer's page."""
