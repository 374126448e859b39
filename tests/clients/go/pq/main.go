// lib/pq through database/sql.  usage: pq URL
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

var ctx = context.Background()

func failed(err error) string {
	var e *pq.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	detail := ""
	if e.Code == "23505" {
		detail = e.Detail
	}
	return fmt.Sprintf("%s %s, constraint %s of %s, at %s, %s", e.Severity, e.Code, e.Constraint, e.Table, e.Position, detail)
}

func say(name string, values ...interface{}) {
	fmt.Printf("%s: %v\n", name, values)
}

type asker interface {
	QueryContext(ctx context.Context, query string, args ...interface{}) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...interface{}) (sql.Result, error)
}

func value(v interface{}) string {
	switch v := v.(type) {
	case []byte:
		return fmt.Sprintf("%q", v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

func scan(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	all := []string{}
	columns, _ := rows.Columns()
	for rows.Next() {
		row := make([]interface{}, len(columns))
		to := make([]interface{}, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			return all, err
		}
		texts := []string{}
		for _, v := range row {
			texts = append(texts, value(v))
		}
		all = append(all, strings.Join(texts, " "))
	}
	return all, rows.Err()
}

func query(name string, on asker, text string, args ...interface{}) {
	rows, err := on.QueryContext(ctx, text, args...)
	if err == nil {
		var all []string
		all, err = scan(rows)
		if err == nil {
			say(name, len(all), strings.Join(all, "; "))
			return
		}
	}
	say(name, failed(err))
}

func exec(name string, on asker, text string, args ...interface{}) {
	result, err := on.ExecContext(ctx, text, args...)
	if err != nil {
		say(name, failed(err))
		return
	}
	n, err := result.RowsAffected()
	say(name, n, err)
}

func check(err error) {
	if err != nil {
		fmt.Println("gave up:", failed(err))
		os.Exit(1)
	}
}

func reading(db *sql.DB) {
	check(db.PingContext(ctx)) // a statement that is only a semicolon
	query("users", db, `SELECT id, email, level FROM "User" ORDER BY id`)
	query("argument", db, `SELECT * FROM "User" WHERE email = $1`, "ann@test")
	query("join", db, `SELECT w.name, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id`)
	query("page", db, "SELECT n, v FROM item WHERE app = $1 AND n BETWEEN $2 AND $3 ORDER BY n DESC LIMIT $4 OFFSET $5", "seed", 10, 30, 5, 2)
	query("array", db, "SELECT n FROM item WHERE app = 'seed' AND n = ANY($1) ORDER BY n", pq.Array([]int{1, 2, 14}))
	query("null", db, "SELECT n FROM item WHERE app = 'seed' AND v IS NOT DISTINCT FROM $1 ORDER BY n", sql.NullString{})
	query("several", db, "SELECT 1; SELECT count(*) FROM item")
	query("empty", db, "")
	query("types", db, `SELECT c_bool, c_int2, c_int8, c_float8, c_numeric, c_text, c_varchar, c_bytea, c_uuid, c_date, c_time, c_timestamp,
		c_timestamptz, c_interval, c_json, c_jsonb, c_ints, c_texts, c_mood, c_moods, c_range, c_inet FROM types WHERE app = 'seed'`)
	rows, err := db.Query(`SELECT *, n + 1 AS more FROM item WHERE n < $1`, 0)
	check(err)
	columns, err := rows.ColumnTypes()
	check(err)
	for _, c := range columns {
		say("column", c.Name(), c.DatabaseTypeName(), c.ScanType())
	}
	rows.Close()
	// left half read
	rows, err = db.Query("SELECT a.n FROM item a, item b WHERE a.app = $1", "seed")
	check(err)
	say("one row", rows.Next(), rows.Close())
}

func prepared(db *sql.DB) {
	c, err := db.Conn(ctx)
	check(err)
	defer c.Close()
	st, err := c.PrepareContext(ctx, "SELECT v FROM item WHERE app = $1 AND n = $2")
	check(err)
	for n := 1; n < 9; n++ {
		rows, err := st.Query("seed", n)
		check(err)
		all, err := scan(rows)
		say("prepared", all, err)
	}
	_, err = st.Query("seed")
	say("one too few", err)
	_, err = st.Query("seed", "x")
	say("bad value", failed(err))
	insert, err := c.PrepareContext(ctx, "INSERT INTO item (app, n, v) VALUES ('pq', $1, $2) RETURNING id > 0")
	check(err)
	for n := 0; n < 5; n++ {
		var positive bool
		check(insert.QueryRow(n, fmt.Sprint("v", n)).Scan(&positive))
		say("inserted", positive)
	}
	say("closed", insert.Close(), st.Close())
	_, err = c.PrepareContext(ctx, "SELECT nothing FROM item")
	say("broken", failed(err))
	exec("deallocate", c, "DEALLOCATE ALL")
	query("goes on", c, "SELECT count(*) FROM item WHERE app = $1", "pq")
}

func transactions(db *sql.DB) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
	check(err)
	query("isolation", tx, "SHOW transaction_isolation")
	exec("read only", tx, "INSERT INTO item (app, n) VALUES ('ro', 1)")
	say("commit", tx.Commit())
	tx, err = db.Begin()
	check(err)
	exec("inserted", tx, "INSERT INTO item (app, n) VALUES ('pq', $1)", 100)
	exec("savepoint", tx, "SAVEPOINT s")
	exec("unique", tx, "INSERT INTO item (app, n) VALUES ('seed', $1)", 1)
	exec("failed", tx, "SELECT $1::int", 1)
	exec("back", tx, "ROLLBACK TO s")
	st, err := tx.Prepare("SELECT n FROM item WHERE app = $1 ORDER BY n")
	check(err)
	rows, err := st.Query("pq")
	check(err)
	all, err := scan(rows)
	say("within", all, err, tx.Commit())
	tx, err = db.Begin()
	check(err)
	exec("deleted", tx, "DELETE FROM item WHERE app = 'pq' AND n < $1", 2)
	say("rollback", tx.Rollback())
	query("after", db, "SELECT count(*) FROM item WHERE app = 'pq'")
	for _, text := range []string{`INSERT INTO "Workflow" (id, name, "userId") VALUES ('f', 'f', 'nobody')`,
		`INSERT INTO step ("workflowId", title) VALUES ('nowhere', 'x')`, `DELETE FROM "User" WHERE id = 'u1'`,
		"INSERT INTO item (app) VALUES ('x')", "SELECT 'x'::int", "SELECT 'ü', nothing FROM item", "SELEC 1", "SELECT 1/0"} {
		exec("error", db, text)
	}
	query("upsert", db, `INSERT INTO item (app, n, v) VALUES ('seed', 1, $1), ('seed', 1001, $1)
		ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = excluded.v || '!' RETURNING n, v`, "new")
}

func copied(db *sql.DB, from int, to int, fail bool) {
	tx, err := db.Begin()
	check(err)
	st, err := tx.Prepare(pq.CopyIn("item", "app", "n", "v"))
	check(err)
	for n := from; n < to && err == nil; n++ {
		_, err = st.Exec("copy", n, strings.Repeat("tab\tnewline\n\\", n%50))
	}
	if err == nil && fail {
		_, err = st.Exec("copy", nil, "x")
	}
	if err == nil {
		_, err = st.Exec()
	}
	closed := st.Close()
	if err != nil {
		say("copy", failed(err), closed != nil)
		tx.Rollback()
		return
	}
	say("copy", closed, tx.Commit())
}

func cancelled(db *sql.DB) {
	c, err := db.Conn(ctx)
	check(err)
	defer c.Close()
	// by context, once a row has come: so it runs
	until, cancel := context.WithCancel(ctx)
	rows, err := c.QueryContext(until, "SELECT repeat('x', 1000) FROM item a, item b, item c, item d")
	check(err)
	say("a row", rows.Next())
	cancel()
	for rows.Next() {
	}
	say("cancelled", rows.Err() != nil)
	rows.Close()
	query("another connection", db, "SELECT count(*) FROM item WHERE app = 'seed'")
	soon, end := context.WithTimeout(ctx, 200*time.Millisecond)
	defer end()
	_, err = db.ExecContext(soon, "SELECT count(*) FROM item a, item b, item c, item d, item e")
	say("too late", err != nil)
	query("goes on", db, "SELECT count(*) FROM item WHERE app = 'seed'")
}

func together(db *sql.DB) {
	var all sync.WaitGroup
	for i := 0; i < 5; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for j := 0; j < 10; j++ {
				tx, err := db.Begin()
				check(err)
				_, err = tx.Exec("UPDATE item SET v = coalesce(v, '') || $1 WHERE app = 'pq' AND n = $2", fmt.Sprint(j), i)
				check(err)
				check(tx.Commit())
			}
		}(i)
	}
	all.Wait()
	query("together", db, "SELECT n, length(v) FROM item WHERE app = 'pq' ORDER BY n")
}

func main() {
	url := os.Args[1] + "?sslmode=disable"
	connector, err := pq.NewConnector(url + "&application_name=app&statement_timeout=20000&search_path=public")
	check(err)
	db := sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, func(e *pq.Error) { say("notice", e.Severity, e.Code) }))
	query("settings", db, "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('extra_float_digits'), current_setting('datestyle')")
	exec("notices", db, "ROLLBACK")
	reading(db)
	prepared(db)
	transactions(db)
	copied(db, 0, 1000, false)
	copied(db, 500, 501, false)
	copied(db, 2000, 2100, true)
	query("copied", db, "SELECT count(*), sum(length(v)) FROM item WHERE app = 'copy'")
	cancelled(db)
	together(db)
	check(db.Close())

	// parameters of statements that are not prepared go out in one batch, in binary where it can
	db, err = sql.Open("postgres", url+"&binary_parameters=yes")
	check(err)
	query("binary parameters", db, "SELECT n, v FROM item WHERE app = $1 AND n = $2", "seed", 5)
	query("bytes", db, "INSERT INTO types (app, c_bytea, c_int8) VALUES ('pq', $1, $2) RETURNING c_bytea, c_int8", []byte("a\x00\xff"), 7)
	exec("no rows", db, "UPDATE item SET v = $1 WHERE app = 'seed' AND n = $2", []byte("bin"), 3)
	check(db.Close())
	fmt.Println("done")
}
