-- What psql asks of the catalog.
\pset format unaligned
\d "Tenant"
\d step
\d+ "Tenant"
\d
\dt
\di
\ds
\dv
\dT
\dT+ mood
\dn
\dx
\df
\dD
\echo done
