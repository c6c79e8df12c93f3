"""Host names under the drive's domain: where clients, canaries and health checks find it."""


def api_host(domain: str) -> str:
    """Return where clients call the API: DNS leads to a region that serves."""
    return f"api.{domain}"


def regional_api_host(region: str, domain: str) -> str:
    """Return where one region's API is called, whatever DNS thinks of it: canaries, health checks, the other region."""
    return f"api.{region}.{domain}"


def entry_host(region: str, domain: str) -> str:
    """Return the name that `api_host` leads to in one region; nobody calls it directly."""
    return f"entry.{region}.{domain}"


def files_host(domain: str) -> str:
    """Return where CloudFront serves files."""
    return f"files.{domain}"


def zone_name(domain: str) -> str:
    """Return the hosted zone of `domain` as Route 53 writes it."""
    return f"{domain}."
