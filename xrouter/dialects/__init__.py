"""Wire formats, one folder each; a dialect never imports a sibling."""
