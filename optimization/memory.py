"""Memory of the process that plans: what big tables have freed goes back to the system."""

import ctypes
import ctypes.util


def give_back() -> None:
    """Give freed memory back to the system; nothing where the C library has no `malloc_trim` (glibc has).

    The library keeps what tables of one stage freed, where those of the next stage do not fit in.
    """
    library = ctypes.util.find_library("c")
    trim = getattr(ctypes.CDLL(library), "malloc_trim", None) if library else None
    if trim is not None:
        trim(0)
