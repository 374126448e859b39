/* link: conf */
/* Any bytes as a configuration: either a snapshot or at least one line that says what is wrong. */
#include "conf/load.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_errors errors;
    /* patterns over the whole disk take their time */
    if (memmem(data, size, "include", 7))
        return 0;
    struct conf *c = conf_load_text("fuzz.yaml", (const char *)data, size, &errors);
    if (!c == !errors.n)
        abort();
    for (size_t i = 0; i < errors.n; i++)
        if (strncmp(errors.lines[i], "fuzz.yaml:", 10) != 0 || strchr(errors.lines[i], '\n'))
            abort();
    conf_errors_release(&errors);
    conf_unref(c);
    return 0;
}
