"""The verb that serves the app, a page for people who do not use a terminal."""

from contextlib import ExitStack, suppress
from typing import Annotated

import typer

from unbake.cli.terminal import show


def app(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any that is free.")] = 0,
    opened: Annotated[
        bool,
        typer.Option("--open/--no-open", help="Open the page in the browser, or only print where it is."),
    ] = True,
) -> None:
    """Convert mods on a page in your browser: choose, see what would happen, convert, look, correct, zip.

    The page comes from this machine and is for you alone. A conversion goes on while the page is closed; Ctrl-C here
    ends both, and what is finished is kept.
    """
    from unbake.app.site import AppSite
    from unbake.batch.speed import user_folder
    from unbake.report.loopback import listen, url_of
    from unbake.report.serve import private_link

    site = AppSite(show)
    with listen(site, port) as served:
        typer.echo(f"{url_of(served)}    Ctrl-C ends it")
        try:
            with ExitStack() as stack, suppress(KeyboardInterrupt):
                if opened:
                    show(stack.enter_context(private_link(user_folder(), url_of(served))).resolve())
                served.serve_forever()
        finally:
            site.job.close()
