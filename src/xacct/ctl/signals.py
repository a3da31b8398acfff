"""What daily verbs need of the module `signal`, without its enumerations: those take longer to make than all the rest.

Numbers are plain, as they are to the system; the functions are the module's own.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import *  # noqa: F403
else:
    try:
        from _signal import *  # noqa: F403
    except ImportError:
        from signal import *  # noqa: F403
