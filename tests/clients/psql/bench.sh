# pgbench with each way of sending statements; the last line of its report that counts is that none failed.
set -e
export PATH=$PATH:/usr/lib/postgresql/15/bin
for mode in simple extended prepared; do
    pgbench -n -M $mode -f bench.sql -c 4 -j 1 -t 15 "$1" 2>&1 | grep -E 'actually|failed|ERROR|error'
done
psql -XAtc "UPDATE item SET v = 'b' WHERE app = 'seed'" -c "SELECT count(*) FROM item WHERE app LIKE 'bench%'" "$1"
echo done
