"""What the reconciliation service says of itself: where its parts are, and what it matches.

Source: Reconciliation Service API 0.2, "Service Definition", and its JSON Schema manifest.
"""

from collections.abc import Callable

from kg.answers import Service
from kg.extension import SETTINGS
from kg.matching import Json
from kg.rdf import ENTITIES, TERMS
from kg.suggestions import KINDS
from kg.things import Things

#: The classes that a table's column is most often about.
_USUAL_TYPES = ("Person", "Organization", "Place", "Event")
_PREVIEW_WIDTH, _PREVIEW_HEIGHT = 420, 260


def manifest(service: Service, things: Things, url: Callable[[str], str], path: str) -> Json:
    """Return the manifest of the service at `path`; `url` makes a path of ours absolute."""
    return {
        "versions": ["0.2"],
        "name": f"{service.title}: {service.description}",
        "identifierSpace": ENTITIES,
        "schemaSpace": TERMS,
        "documentation": url("/"),
        "serviceVersion": service.version,
        "logo": url("/static/icon.svg"),
        "view": {"url": url("/id/{{id}}")},
        "preview": {
            "url": url(f"{path}/preview?id={{{{id}}}}"),
            "width": _PREVIEW_WIDTH,
            "height": _PREVIEW_HEIGHT,
        },
        "defaultTypes": [
            {"id": each, "name": things.types[each].label}
            for each in _USUAL_TYPES
            if each in things.types
        ],
        "suggest": {
            kind: {
                "service_url": url(path),
                "service_path": f"/suggest/{kind}",
                "flyout_service_path": f"/flyout/{kind}?id=${{id}}",
            }
            for kind in KINDS
        },
        "extend": {
            "propose_properties": {"service_url": url(path), "service_path": "/properties"},
            "property_settings": SETTINGS,
        },
    }
