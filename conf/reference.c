/* The reference of all keys, from the table. */
#include "conf/conf.h"
#include "conf/schema.h"

#include <string.h>

static const char *const intro = "# partywall.yaml: all keys\n"
                                 "\n"
                                 "`*` stands for a name of your choice. Unknown keys are errors. "
                                 "Durations are written `250ms` `10s` "
                                 "`5m` `1h` `7d`, sizes `64KiB` `16MiB` `1GiB`. Relative paths are "
                                 "relative to the file. A key with "
                                 "\"yes\" in the column *reload* takes effect on reload (SIGHUP), "
                                 "the others at the next start.\n";

/* A bar would end the cell. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_row(FILE *out, const struct schema_row *row)
{
    char expects[160];
    schema_expects(row, expects, sizeof expects);
    fprintf(out, "| `%s` | ", row->path);
    put_cell(out, expects);
    fprintf(out, " | %s%s%s | %s | ", row->fallback ? "`" : "",
            row->fallback   ? row->fallback
            : row->required ? "required"
                            : "",
            row->fallback ? "`" : "", row->reload ? "yes" : "no");
    put_cell(out, row->text);
    fputs(" |\n", out);
}

void conf_reference(FILE *out)
{
    fputs(intro, out);
    for (size_t i = 0; i < schema_nrows; i++) {
        const struct schema_row *row = &schema_rows[i];
        if (row->types & SCHEMA_LATER)
            continue;
        if (schema_child(row, ""))
            fprintf(out,
                    "\n## %s\n\n| key | value | default | reload | meaning |\n"
                    "|---|---|---|---|---|\n",
                    row->path);
        put_row(out, row);
    }
    fputs("\n## Refused by this version\n\nThese keys are known, and refused rather than "
          "overlooked:\n\n",
          out);
    for (size_t i = 0; i < schema_nrows; i++)
        if (schema_rows[i].types & SCHEMA_LATER)
            fprintf(out, "- `%s` (%s)\n", schema_rows[i].path, schema_rows[i].text);
}
