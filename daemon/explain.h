/* explain.h: `partywall explain`: what the policy makes of a tenant's text, and why. */
#pragma once

/* Explain ${sql}, sent by ${tenant}, on standard output: for each statement the decision, the rules of
 * the relations in it, the text for the server with what was put in as [+ +] and what was taken out as
 * [- -], or what to change so that it is allowed.  Reads the catalog of the tenant's back end; runs
 * nothing.  Returns the exit status: 0 everything is allowed, 1 something is refused, or failed. */
int explain_run(const char *conf_path, const char *tenant, const char *sql);
