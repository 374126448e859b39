// pgjdbc.  usage: java -cp postgresql.jar App.java URL; where to connect stands in PGHOST, PGPORT, ...
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;

public class App {
    interface Body {
        Object run() throws Exception;
    }

    static Object plain(Object v) throws SQLException {
        if (v instanceof java.sql.Array a) return plain(a.getArray());
        if (v instanceof byte[] b) return HexFormat.of().formatHex(b);
        if (v instanceof Object[] a) {
            List<Object> l = new ArrayList<>();
            for (Object x : a) l.add(plain(x));
            return l;
        }
        if (v instanceof int[] a) return Arrays.toString(a);
        return v;
    }

    static void say(String name, Object v) throws SQLException {
        System.out.println(name + ": " + plain(v));
    }

    static void step(String name, Body body) throws SQLException {
        try {
            say(name, body.run());
        } catch (PSQLException e) {
            var m = e.getServerErrorMessage();
            boolean refused = "42501".equals(e.getSQLState()) || "0A000".equals(e.getSQLState());
            say(name, "error " + e.getSQLState() + " " + (refused ? e.getMessage() : m == null ? e.getMessage()
                : m.getConstraint() + " " + m.getTable() + ("23505".equals(e.getSQLState()) ? " " + m.getDetail() : "")));
        } catch (Exception e) {
            say(name, e.toString());
        }
    }

    static List<Object> rows(ResultSet r) throws SQLException {
        List<Object> all = new ArrayList<>();
        int n = r.getMetaData().getColumnCount();
        while (r.next()) {
            List<Object> row = new ArrayList<>();
            for (int i = 1; i <= n; i++) row.add(plain(r.getObject(i)));
            all.add(row);
        }
        r.close();
        return all;
    }

    static Connection connect(String... more) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("PGUSER"));
        p.setProperty("password", System.getenv("PGPASSWORD"));
        for (int i = 0; i < more.length; i += 2) p.setProperty(more[i], more[i + 1]);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), p);
    }

    static List<Object> query(Connection c, String sql, Object... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
            return rows(s.executeQuery());
        }
    }

    static int update(Connection c, String sql, Object... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
            return s.executeUpdate();
        }
    }

    static void reading(Connection c) throws SQLException {
        step("users", () -> query(c, "SELECT id, level FROM \"User\" ORDER BY id"));
        step("parameters", () -> query(c, "SELECT * FROM \"User\" WHERE email = ? AND level > ?", "ann@test", 0));
        step("join", () -> query(c, "SELECT w.id, u.email FROM \"Workflow\" w LEFT JOIN \"User\" u ON u.id = w.\"userId\" ORDER BY w.id"));
        step("page", () -> query(c, "SELECT n, v FROM item WHERE app = ? ORDER BY n LIMIT ? OFFSET ?", "seed", 3, 5));
        step("any", () -> query(c, "SELECT n FROM item WHERE app = 'seed' AND n = ANY(?) ORDER BY n", c.createArrayOf("int4", new Integer[] {1, 2, 99})));
        step("repeated", () -> {
            List<Object> got = new ArrayList<>();
            try (PreparedStatement s = c.prepareStatement("SELECT v, n FROM item WHERE app = ? AND n = ?")) {
                for (int i = 1; i < 15; i++) { // a named statement, in binary, from the fifth on
                    s.setString(1, "seed");
                    s.setInt(2, i);
                    got.addAll(rows(s.executeQuery()));
                }
            }
            return got;
        });
        step("metadata", () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT id, level, \"tenantId\" FROM \"User\" WHERE level > ?")) {
                ResultSetMetaData m = s.getMetaData();
                return m.getColumnCount() + " " + m.getColumnTypeName(2) + " " + m.getTableName(1) + " " + s.getParameterMetaData().getParameterTypeName(1)
                    + " " + s.getParameterMetaData().getParameterCount();
            }
        });
        step("column metadata", () -> {
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT id, level AS l FROM \"User\"")) {
                ResultSetMetaData m = r.getMetaData();
                return m.isNullable(1) + " " + m.getTableName(2) + " " + ((org.postgresql.PGResultSetMetaData) m).getBaseColumnName(2) + " " + m.isAutoIncrement(1);
            }
        });
        step("several", () -> {
            try (Statement s = c.createStatement()) {
                List<Object> got = new ArrayList<>();
                boolean more = s.execute("SELECT 1; UPDATE item SET v = 'x' WHERE app = 'none'; SELECT count(*) FROM item WHERE app = 'seed'");
                while (more || s.getUpdateCount() != -1) {
                    got.add(more ? rows(s.getResultSet()) : s.getUpdateCount());
                    more = s.getMoreResults();
                }
                return got;
            }
        });
        step("fetch size", () -> {
            c.setAutoCommit(false);
            try (PreparedStatement s = c.prepareStatement("SELECT n FROM item ORDER BY id")) {
                s.setFetchSize(9);
                int sum = 0;
                ResultSet r = s.executeQuery();
                while (r.next()) sum += r.getInt(1);
                c.commit();
                return sum;
            } finally {
                c.setAutoCommit(true);
            }
        });
        step("max rows", () -> {
            try (Statement s = c.createStatement()) {
                s.setMaxRows(2);
                return rows(s.executeQuery("SELECT n FROM item WHERE app = 'seed' ORDER BY n"));
            }
        });
        step("scrolled", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
                ResultSet r = s.executeQuery("SELECT n FROM item WHERE app = 'seed' ORDER BY n");
                r.absolute(5);
                int five = r.getInt(1);
                r.last();
                return five + " " + r.getInt(1) + " " + r.getRow();
            }
        });
        step("escapes", () -> query(c, "SELECT {fn ucase('x')}, {d '2020-01-01'}, {fn concat('a', 'b')}"));
    }

    static void writing(Connection c) throws SQLException {
        step("insert", () -> update(c, "INSERT INTO \"User\"(id, email, password) VALUES (?, ?, ?)", "jd1", "jd@test", "it's \\ ?"));
        step("generated keys", () -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO item (app, n, v) VALUES ('jdbc', ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
                s.setInt(1, 1);
                s.setString(2, null);
                s.executeUpdate();
                ResultSet r = s.getGeneratedKeys();
                r.next();
                return (r.getInt("id") > 0) + " " + r.getString("tenantId");
            }
        });
        step("chosen keys", () -> {
            try (PreparedStatement s = c.prepareStatement("UPDATE item SET v = 'k' WHERE app = 'jdbc'", new String[] {"n", "v"})) {
                s.executeUpdate();
                return rows(s.getGeneratedKeys());
            }
        });
        step("batch", () -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO item (app, n, v) VALUES (?, ?, ?)")) {
                for (int i = 100; i < 400; i++) {
                    s.setString(1, "batch");
                    s.setInt(2, i);
                    s.setString(3, "v" + i);
                    s.addBatch();
                }
                return s.executeBatch().length;
            }
        });
        step("batch with keys", () -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO item (app, n) VALUES ('keys', ?)", Statement.RETURN_GENERATED_KEYS)) {
                for (int i = 0; i < 20; i++) {
                    s.setInt(1, i);
                    s.addBatch();
                }
                s.executeBatch();
                return rows(s.getGeneratedKeys()).size();
            }
        });
        step("batch of statements", () -> {
            try (Statement s = c.createStatement()) {
                s.addBatch("INSERT INTO item (app, n) VALUES ('stm', 1)");
                s.addBatch("UPDATE item SET v = 'u' WHERE app = 'stm'");
                s.addBatch("DELETE FROM item WHERE app = 'none'");
                return s.executeBatch();
            }
        });
        step("batch that fails", () -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO item (app, n) VALUES ('bad', ?)")) {
                for (int n : new int[] {1, 2, 1, 3}) {
                    s.setInt(1, n);
                    s.addBatch();
                }
                s.executeBatch();
                return "no error";
            } catch (BatchUpdateException e) {
                return e.getSQLState() + " " + e.getUpdateCounts().length;
            }
        });
        step("nothing of it", () -> query(c, "SELECT count(*) FROM item WHERE app = 'bad'"));
        step("upsert", () -> query(c, "INSERT INTO item (app, n, v) VALUES (?, ?, ?) ON CONFLICT (\"tenantId\", app, n) DO UPDATE SET v = EXCLUDED.v RETURNING v", "jdbc", 1, "up"));
        step("large update", () -> {
            try (Statement s = c.createStatement()) {
                return s.executeLargeUpdate("DELETE FROM item WHERE app = 'batch' AND n > 350");
            }
        });
        step("updatable", () -> {
            try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_SENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
                ResultSet r = s.executeQuery("SELECT id, n, v, app FROM item WHERE app = 'jdbc' ORDER BY n");
                r.next();
                r.updateString("v", "set");
                r.updateRow();
                r.moveToInsertRow();
                r.updateString("app", "jdbc");
                r.updateInt("n", 77);
                r.insertRow();
                return query(c, "SELECT n, v FROM item WHERE app = 'jdbc' ORDER BY n");
            }
        });
        step("unique", () -> update(c, "INSERT INTO item (app, n) VALUES ('seed', 1)"));
        step("foreign key", () -> update(c, "INSERT INTO \"Workflow\"(id, name, \"userId\") VALUES ('f', 'f', ?)", "nobody"));
        step("not null", () -> update(c, "INSERT INTO item (app) VALUES ('x')"));
        step("bad text", () -> query(c, "SELECT 'x'::int"));
        step("syntax", () -> query(c, "SELEC 1"));
    }

    static void transactions(Connection c) throws SQLException {
        c.setAutoCommit(false);
        step("savepoint", () -> {
            update(c, "INSERT INTO item (app, n) VALUES ('tx', 1)");
            Savepoint s = c.setSavepoint("s p");
            step("fails", () -> update(c, "INSERT INTO item (app, n) VALUES ('tx', 1)"));
            step("in failed", () -> query(c, "SELECT 1"));
            c.rollback(s);
            c.releaseSavepoint(s);
            Savepoint t = c.setSavepoint();
            update(c, "INSERT INTO item (app, n) VALUES ('tx', 2)");
            c.releaseSavepoint(t);
            c.commit();
            return query(c, "SELECT n FROM item WHERE app = 'tx' ORDER BY n");
        });
        step("rolled back", () -> {
            update(c, "DELETE FROM item");
            c.rollback();
            return query(c, "SELECT count(*) FROM item WHERE app = 'seed'");
        });
        c.rollback();
        for (int level : new int[] {Connection.TRANSACTION_SERIALIZABLE, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_READ_COMMITTED})
            step("level " + level, () -> {
                c.setTransactionIsolation(level);
                var got = query(c, "SHOW transaction_isolation") + " " + c.getTransactionIsolation();
                c.commit();
                return got;
            });
        step("read only", () -> {
            c.setReadOnly(true);
            try {
                return update(c, "DELETE FROM item");
            } finally {
                c.rollback();
                c.setReadOnly(false);
            }
        });
        step("read and write", () -> {
            int n = update(c, "UPDATE item SET v = 'rw' WHERE app = 'tx'");
            c.commit();
            return n;
        });
        c.setAutoCommit(true);
    }

    static void types(Connection c) throws SQLException {
        step("types", () -> query(c, "SELECT c_bool, c_int2, c_int8, c_float8, c_numeric, c_text, c_varchar, c_bytea, c_uuid, c_date, c_time, c_timestamp, c_timestamptz, "
            + "c_interval, c_json, c_jsonb, c_ints, c_texts, c_mood, c_moods, c_range, c_inet FROM types WHERE app = 'seed'"));
        step("java time", () -> {
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT c_date, c_time, c_timestamp, c_timestamptz FROM types WHERE app = 'seed'")) {
                r.next();
                return r.getObject(1, LocalDate.class) + " " + r.getObject(2, LocalTime.class) + " " + r.getObject(3, LocalDateTime.class) + " " + r.getObject(4, OffsetDateTime.class);
            }
        });
        step("insert types", () -> {
            PGobject json = new PGobject();
            json.setType("jsonb");
            json.setValue("{\"a\": \"'\"}");
            update(c, "INSERT INTO types (app, c_bool, c_int8, c_numeric, c_bytea, c_uuid, c_date, c_timestamptz, c_jsonb, c_ints, c_texts, c_mood) "
                + "VALUES ('jdbc', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::mood)", true, 1L << 40, new BigDecimal("1.5"), new byte[] {0, 1}, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
                LocalDate.of(2020, 1, 1), OffsetDateTime.of(2020, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC), json, c.createArrayOf("int4", new Integer[] {1, null}),
                c.createArrayOf("text", new String[] {"a,b", "\""}), "sad");
            return query(c, "SELECT * FROM types WHERE app = 'jdbc'");
        });
    }

    static void copying(Connection c) throws SQLException {
        step("copy in", () -> {
            CopyManager m = c.unwrap(PGConnection.class).getCopyAPI();
            long n = m.copyIn("COPY item (app, n, v) FROM STDIN WITH (FORMAT csv)", new StringReader("copy,1,one\ncopy,2,\n"));
            return n + " " + query(c, "SELECT n, v FROM item WHERE app = 'copy' ORDER BY n");
        });
        step("copy out", () -> {
            StringWriter w = new StringWriter();
            long n = c.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT n, v FROM item WHERE app = 'seed' AND n < 3 ORDER BY n) TO STDOUT", w);
            return n + " " + w.toString().replace("\n", "|");
        });
    }

    static void catalog(Connection c) throws SQLException {
        DatabaseMetaData m = c.getMetaData();
        step("tables", () -> {
            List<String> got = new ArrayList<>();
            ResultSet r = m.getTables(null, "public", "%", new String[] {"TABLE"});
            while (r.next()) got.add(r.getString("TABLE_NAME"));
            return got;
        });
        step("columns", () -> {
            List<String> got = new ArrayList<>();
            ResultSet r = m.getColumns(null, "public", "item", null);
            while (r.next()) got.add(r.getString("COLUMN_NAME") + " " + r.getString("TYPE_NAME") + " " + r.getString("IS_NULLABLE"));
            return got;
        });
        step("primary keys", () -> {
            ResultSet r = m.getPrimaryKeys(null, "public", "item");
            r.next();
            return r.getString("COLUMN_NAME") + " " + r.getString("PK_NAME");
        });
        step("indexes", () -> {
            List<String> got = new ArrayList<>();
            ResultSet r = m.getIndexInfo(null, "public", "item", false, false);
            while (r.next())
                got.add(r.getString("INDEX_NAME") + " " + r.getBoolean("NON_UNIQUE") + " " + r.getInt("ORDINAL_POSITION") + " " + r.getString("COLUMN_NAME"));
            return got;
        });
        step("catalogs", () -> {
            List<String> got = new ArrayList<>();
            ResultSet r = m.getCatalogs();
            while (r.next()) got.add(r.getString("TABLE_CAT"));
            return got;
        });
        step("by catalog", () -> {
            ResultSet r = m.getTables(c.getCatalog(), "public", "item", null);
            return r.next() + " " + r.getString("TABLE_TYPE");
        });
        step("best row", () -> {
            ResultSet r = m.getBestRowIdentifier(null, "public", "item", DatabaseMetaData.bestRowSession, false);
            return r.next() + " " + r.getString("COLUMN_NAME");
        });
        step("exported keys", () -> {
            List<String> got = new ArrayList<>();
            ResultSet r = m.getExportedKeys(null, "public", "Workflow");
            while (r.next()) got.add(r.getString("FKTABLE_NAME") + " " + r.getString("FK_NAME") + " " + r.getInt("DELETE_RULE"));
            return got;
        });
        step("types known", () -> {
            int n = 0;
            ResultSet r = m.getTypeInfo();
            while (r.next()) n += r.getString("TYPE_NAME").equals("mood") ? 1 : 0;
            return "" + n;
        });
        step("imported keys", () -> {
            List<String> got = new ArrayList<>();
            ResultSet r = m.getImportedKeys(null, "public", "Workflow");
            while (r.next()) got.add(r.getString("FKCOLUMN_NAME") + " " + r.getString("PKTABLE_NAME"));
            return got;
        });
    }

    public static void main(String[] args) throws Exception {
        Connection c = connect("ApplicationName", "app jdbc", "options", "-c statement_timeout=4567", "currentSchema", "public", "prepareThreshold", "5");
        step("settings", () -> query(c, "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('extra_float_digits'), current_setting('datestyle')"));
        step("product", () -> c.getMetaData().getDatabaseProductName() + " " + c.getMetaData().getDatabaseMajorVersion() + " " + c.getSchema() + " " + c.getCatalog());
        reading(c);
        writing(c);
        transactions(c);
        types(c);
        copying(c);
        catalog(c);
        step("client info", () -> {
            c.setClientInfo("ApplicationName", "other");
            return query(c, "SHOW application_name");
        });
        step("query timeout", () -> {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1);
                return s.executeQuery("SELECT count(*) FROM item a, item b, item c, item d, item e");
            }
        });
        step("cancelled", () -> {
            try (Statement s = c.createStatement()) {
                new Timer(true).schedule(new TimerTask() {
                    public void run() {
                        try {
                            s.cancel();
                        } catch (SQLException e) {
                        }
                    }
                }, 300);
                return s.executeQuery("SELECT count(*) FROM item a, item b, item c, item d, item e");
            }
        });
        step("valid", () -> c.isValid(5));
        c.close();
        for (String[] more : new String[][] {{"autosave", "always"}, {"preferQueryMode", "simple"}, {"preferQueryMode", "extendedForPrepared"}, {"binaryTransfer", "true", "prepareThreshold", "-1"},
            {"reWriteBatchedInserts", "true"}, {"prepareThreshold", "0", "assumeMinServerVersion", "15"}}) {
            Connection d = connect(more);
            System.out.println("== " + String.join(" ", more));
            d.setAutoCommit(false);
            update(d, "DELETE FROM item WHERE app IN ('jdbc', 'batch', 'keys', 'stm', 'tx', 'copy')");
            update(d, "DELETE FROM \"User\" WHERE id = 'jd1'");
            update(d, "DELETE FROM types WHERE app = 'jdbc'");
            d.commit();
            step("goes on after an error", () -> {
                step("error", () -> query(d, "SELECT 1 / (n - n) FROM item"));
                return query(d, "SELECT 1");
            });
            d.rollback();
            d.setAutoCommit(true);
            reading(d);
            writing(d);
            types(d);
            d.close();
        }
        Connection lost = connect();
        lost.setAutoCommit(false);
        update(lost, "DELETE FROM item");
        lost.abort(Runnable::run);
        Connection again = connect();
        step("abort rolls back", () -> query(again, "SELECT count(*) FROM item WHERE app = 'seed'"));
        again.close();
        System.out.println("done");
    }
}
