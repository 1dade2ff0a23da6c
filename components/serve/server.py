"""Starts the server: `python -m inkling.components.serve.server --bundle DIR`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from inkling.components.artifacts.bundle import Bundle
from inkling.components.serve.address import AddressError, check_free, listen, url_of
from inkling.components.serve.names import HOST, MODEL, PORT
from inkling.components.serve.settings import Settings, read_settings
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.watchdog import end_with_parent
from inkling.components.shared.store.manifest import ArtifactError
from inkling.models.inference.onnx_engine import DeviceError

SERVING = "serving "  # how the line begins that reports the server's address
_BAD_START = 2


def start(
    bundle: str | Path,
    host: str = HOST,
    port: int = PORT,
    grpc_port: int | None = None,
    settings: Settings | None = None,
    report: Path | None = None,
) -> None:
    """Serves a bundle until SIGTERM or SIGINT; requests in flight are answered first.

    Args:
        bundle: The Bundle artifact.
        host: Interface to listen on.
        port: Port for HTTP; 0 takes a free one.
        grpc_port: Port for gRPC; none where None.
        settings: Limits of the server.
        report: The HTML report of the run that made the bundle, to be shown beside it.

    Raises:
        AddressError: If a port is in use; before anything is loaded.
        ArtifactError: If the bundle is not what was written.
        DeviceError: If the settings ask for a device that cannot be used.
    """
    listener = listen(host, port)
    if grpc_port is not None:
        check_free(host, grpc_port)
    opened = Bundle.open(bundle)

    from inkling.components.serve.application import Application
    from inkling.components.serve.model import InklingModel
    from inkling.components.serve.page.router import page_router

    model = InklingModel(MODEL, opened, settings or Settings())
    model.load()
    page = page_router(opened, report)
    application = Application(model, listener, None if grpc_port is None else f"{host}:{grpc_port}", page)
    print(f"{SERVING}{MODEL} at {url_of(listener)} (a page to try it, V1, V2, OpenAI chat); Ctrl-C ends it", flush=True)
    try:
        application.start([model])
    finally:
        model.predictor.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line and serves.

    Returns:
        Exit status: 2 if the server could not be started.
    """
    parser = argparse.ArgumentParser(prog="inkling.components.serve.server", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="the Bundle artifact to serve")
    parser.add_argument("--host", default=HOST, help="interface to listen on (default: %(default)s, this machine only)")
    parser.add_argument(
        "--port", type=int, default=PORT, help="port for HTTP; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--grpc-port", type=int, help="port for gRPC (default: no gRPC)")
    parser.add_argument("--settings", type=Path, help="YAML file of server settings (see components/serve/settings.py)")
    parser.add_argument(
        "--report", type=Path, help="HTML report of the run that made the bundle, to be shown beside it"
    )
    options = parser.parse_args(arguments)
    end_with_parent()
    try:
        settings = read_settings(options.settings) if options.settings else None
        start(options.bundle, options.host, options.port, options.grpc_port, settings, options.report)
    except (AddressError, ArtifactError, ConfigError, DeviceError) as error:
        print(f"cannot serve: {error}", file=sys.stderr)
        return _BAD_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
