/* functions_format_date.h: the fields of templates for dates, which to_char() prints
 * (functions_format_date.c) and to_timestamp() reads (functions_parse_date.c). */
#pragma once

#include "daemon/store/functions_format.h"

enum format_date_key {
    AD_DOTS,
    AM_DOTS,
    AD,
    AM,
    CC,
    DAY_NAME,
    DDD,
    DD,
    DY,
    D,
    FF,
    FX,
    HH24,
    HH12,
    IDDD,
    ID,
    IW,
    IYYY,
    IYY,
    IY,
    I,
    J,
    MI,
    MM,
    MONTH_NAME,
    MON,
    MS,
    OF,
    Q,
    RM,
    SSSS,
    SS,
    TZH,
    TZM,
    TZ,
    US,
    WW,
    W,
    Y_YYY,
    YYYY,
    YYY,
    YY,
    Y
};

extern const struct format_keyword format_date_keywords[];
extern const size_t format_date_nkeywords;
