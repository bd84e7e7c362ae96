"""Pictures and films of the game, drawn without a display.

``frame`` says what there is to see, ``scene`` turns it into plain shapes, ``raster`` draws shapes into an array of
pixels, ``film`` writes pictures to a file.
"""

from mate.rendering.film import Film
from mate.rendering.frame import Frame
from mate.rendering.raster import draw
from mate.rendering.scene import scene
from mate.rendering.shapes import Line, Polygon, Shape

__all__ = ["Film", "Frame", "Line", "Polygon", "Shape", "draw", "scene"]
