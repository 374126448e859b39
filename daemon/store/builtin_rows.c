/* builtin_rows.c: builtin_rows.tsv and catalog_views.sql as bytes of the program: builtin_rows_begin,
 * builtin_rows_end, catalog_views_begin, catalog_views_end. */

#define BYTES(name, file)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global " name "_begin, " name "_end\n"                                               \
            ".hidden " name "_begin, " name "_end\n" name "_begin:\n"                              \
            ".incbin \"" file "\"\n" name "_end:\n"                                                \
            ".byte 0\n"                                                                            \
            ".popsection\n")

BYTES("builtin_rows", STORE_SOURCES "/builtin_rows.tsv");
BYTES("catalog_views", STORE_SOURCES "/catalog_views.sql");
