"""Paths that grow: an animated GIF, in which only what moves is drawn again for each frame."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rowspace.plot.figure import PALETTE
from rowspace.plot.fonts import without_glyph_warnings
from rowspace.plot.labels import place_moving_labels
from rowspace.plot.paths import Drawing, counted_items, draw, segments
from rowspace.read.trace import TraceData
from rowspace.system.atomic import atomic_file

FRAMES = 100
MILLISECONDS = (70, 150)  # a frame stays, so that all of them take
WHOLE = 5000  # milliseconds
PAUSE = 2500  # on the last frame
DPI = 80
SWATCH = 12  # pixels
TREMBLING = 0.025  # of the width of the picture: what stays within it is at rest
LATE = 0.9  # of the records: what comes to rest after these is shown to its end
RADIUS = 3.6  # of the markers, in points


def write(data: TraceData, path: Path, *, names: Sequence[str] | None, title: str | None) -> Any:
    """Write the GIF, and return the figure of its last frame."""
    drawing = draw(data, names=names, title=title, dpi=DPI)
    images = _images(drawing, counted_items(drawing.paths) if title is None else title)
    with atomic_file(path, "wb") as out:
        images[0].save(
            out,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=[int(np.clip(WHOLE // len(images), *MILLISECONDS))] * (len(images) - 1) + [PAUSE],
            loop=0,
            optimize=False,
        )
    return drawing.figure


def _images(drawing: Drawing, title: str) -> list[Image.Image]:
    """Frames evenly chosen over the steps, in one palette: what stands still packs to nothing."""
    rest, end = _at_rest(drawing), len(drawing.paths.steps) - 1
    chosen = np.unique([*np.linspace(0, rest, min(FRAMES, rest + 1)).round().astype(int), end])
    frames = [Image.fromarray(frame) for frame in _frames(drawing, chosen, title)]
    palette = _sample(frames).quantize(colors=128, dither=Image.Dither.NONE)
    images = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    white = _whitened(palette)
    for image in images:
        image.putpalette(white)
    return images


def _at_rest(drawing: Drawing) -> int:
    """The record from which on nothing moves further than a step that is too long lets it tremble; else the last."""
    points, end = drawing.paths.points, len(drawing.paths.steps) - 1
    if drawing.paths.dim == 1:
        return end  # the steps are an axis there
    low, high = drawing.axes.get_xlim()  # both axes have one scale
    moving = np.flatnonzero((np.abs(points - points[-1]) > TREMBLING * (high - low)).any(axis=(1, 2)))
    rest = min(int(moving[-1]) + 1, end) if len(moving) else 0
    return rest if rest < LATE * end else end


def _sample(frames: list[Image.Image]) -> Image.Image:
    """What to choose the palette from: some frames, and enough of each colour of the paths."""
    chosen = [frames[0], frames[len(frames) // 2], frames[-1]]
    width, height = frames[0].size
    sample = Image.new("RGB", (width, 3 * height + SWATCH * len(PALETTE)), "white")
    for k, frame in enumerate(chosen):
        sample.paste(frame, (0, k * height))
    for k, color in enumerate(PALETTE):
        top = 3 * height + k * SWATCH
        sample.paste(color, (0, top, width, top + SWATCH))
    return sample


def _whitened(palette: Image.Image) -> list[int]:
    """The palette with white paper: averaging with smoothed edges has left it a little grey."""
    colors = np.array(palette.getpalette()).reshape(-1, 3)
    colors[colors.min(axis=1) >= 248] = 255
    flat: list[int] = colors.ravel().tolist()
    return flat


def _frames(drawing: Drawing, chosen: np.ndarray, title: str) -> list[np.ndarray]:
    figure, axes, paths = drawing.figure, drawing.axes, drawing.paths
    canvas = figure.canvas
    final = axes.title.get_text()
    # from the left: centred, the text would tremble as the number grows
    axes.title.set(x=0, horizontalalignment="left")
    labels = place_moving_labels(
        axes, paths.points[chosen], paths.names, sure=not drawing.small, size=drawing.font_size, radius=RADIUS
    )
    moving = [drawing.lines, drawing.ends, *(label for _, label in labels), axes.title]
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    rested = f" (at rest from {paths.steps[chosen[-2]]:,})" if len(chosen) > 1 and chosen[-1] - chosen[-2] > 1 else ""
    frames = []
    for k in chosen:
        canvas.restore_region(still)
        drawing.lines.set_segments(segments(paths.points[: k + 1]))
        drawing.ends.set_offsets(paths.points[k])
        for item, label in labels:
            label.xy = paths.points[k, item]
        axes.title.set_text(f"{title}, step {paths.steps[k]:,}{rested if k == chosen[-1] else ''}")
        with without_glyph_warnings(title, *paths.names):
            for artist in moving:
                axes.draw_artist(artist)
        frames.append(np.array(canvas.buffer_rgba())[..., :3])
    axes.title.set(text=final, x=0.5, horizontalalignment="center")
    for artist in moving:
        artist.set_animated(False)
    return frames
