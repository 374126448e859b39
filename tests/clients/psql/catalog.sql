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
\dp item
\ddp
\drds
\l app
SELECT * FROM item \gdesc
SELECT c_mood, c_moods, c_range, 1.5::numeric(5,2) AS "x y" FROM types \gdesc
\echo done
