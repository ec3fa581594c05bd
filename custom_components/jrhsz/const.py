"""Names that more than one module uses."""

import logging
from typing import Final

DOMAIN: Final = "jrhsz"
LOGGER: Final = logging.getLogger(__package__)

DEFAULT_URL: Final = "http://imrapi.jrhsz.com"
