/* check_live.h: `partywall check --live`: what in the databases keeps tenants less apart than could be. */
#pragma once

/* Look at the catalog of each back end and print each finding with the SQL, or the line of the policy, that
 * mends it.  A warning is a way for a tenant to learn of others or a rule without effect; a note is what one
 * may choose to live with.  Changes nothing.  Returns the exit status: 0 no warnings, 1 warnings, or a back
 * end that could not be read. */
int check_live_run(const char *conf_path);
