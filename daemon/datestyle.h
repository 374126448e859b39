/* datestyle.h: DateStyle is two settings in one, of which SET may change one and leave the other.
 *
 * So a value that a client has set means something only after the value before it; and a server that had other
 * clients must not add to it what is left of theirs. */
#pragma once

#include <stdbool.h>

#define DATESTYLE "datestyle"

/* Does ${value} say both, the style and the order of the parts? */
bool datestyle_is_whole(const char *value);
/* What DateStyle is when it was ${old} (NULL: nobody knows) and is set to ${value}; malloc'd.  NULL: no memory. */
char *datestyle_after(const char *old, const char *value);
