"""Event files, which TensorBoard reads: scalars, histograms, images and a model's graph.

The records and messages are tensorboardX's. They are written at once: its own `SummaryWriter` does so in a thread,
where a full disk goes unnoticed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tensorboardX.event_file_writer import EventsWriter

BUCKETS = 30  # of a histogram, as in TensorFlow's summaries


def check_installed() -> None:
    """Raises ImportError, which names the extra, where tensorboardX or Pillow is not installed."""
    try:
        import PIL  # noqa: F401
        import tensorboardX  # noqa: F401
    except ImportError as error:
        raise ImportError('callbacks.TensorBoard needs an extra: pip install "fashioncnn[tensorboard]"') from error


class EventFile:
    """One event file in a folder, made when there is something to write.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._writer: EventsWriter | None = None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Writes a number."""
        from tensorboardX.proto.summary_pb2 import Summary

        self._write(Summary(value=[Summary.Value(tag=tag, simple_value=float(value))]), step)

    def histogram(self, tag: str, values: NDArray[Any], step: int) -> None:
        """Writes how often values lie in each of equally wide buckets; those that are not finite are left out."""
        from tensorboardX.summary import histogram

        finite = values[np.isfinite(values)].astype(np.float64)
        if finite.size:
            self._write(histogram(tag, finite, BUCKETS), step)

    def image(self, tag: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Writes a picture of the shape (height, width, channels), of 1, 3 or 4 channels."""
        from tensorboardX.summary import image

        self._write(image(tag, pixels, dataformats="HWC"), step)

    def graph(self, tag: str, json: str) -> None:
        """Writes the description that `Model.to_json` makes, which TensorBoard draws as a graph."""
        from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboardX.proto.tensor_pb2 import TensorProto

        plugin = SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
        text = TensorProto(dtype="DT_STRING", string_val=[json.encode()])
        value = Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin), tensor=text)
        self._write(Summary(value=[value]), 0)

    def flush(self) -> None:
        """Puts what was written on the disk, so that TensorBoard and an interrupted run have it."""
        if self._writer is not None:
            with self._named():
                self._writer.flush()

    def close(self) -> None:
        """Ends the file; what is written later begins another."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with self._named():
                writer.close()

    def _write(self, summary: Any, step: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event

        with self._named():
            if self._writer is None:
                os.makedirs(self.folder, exist_ok=True)
                self._writer = EventsWriter(os.path.join(self.folder, "events"), f".{os.getpid()}.{time.time_ns()}")
            self._writer.write_event(Event(wall_time=time.time(), step=step, summary=summary))

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Gives an error of the disk the folder's name."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, error.filename or self.folder) from error
