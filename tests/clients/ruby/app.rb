# ruby-pg.  usage: ruby app.rb URL
require "pg"
$stdout.sync = true

def step(name)
  value = yield
  puts "#{name}: #{value.inspect}"
rescue PG::Error => e
  state = e.respond_to?(:result) && e.result ? e.result.error_field(PG::Result::PG_DIAG_SQLSTATE) : nil
  text = %w[42501 0A000].include?(state) || state.nil? ? e.message : e.result.error_field(PG::Result::PG_DIAG_CONSTRAINT_NAME)
  puts "#{name}: error #{state} #{text.inspect}"
end

c = PG.connect(ARGV[0])
step("info") { [c.db, c.user, c.internal_encoding.to_s, c.server_version / 10000, c.parameter_status("standard_conforming_strings")] }
step("users") { c.exec('SELECT id, level FROM "User" ORDER BY id').values }
step("params") { c.exec_params("SELECT n, v FROM item WHERE app = $1 AND n < $2 ORDER BY n", ["seed", 4]).to_a }
step("binary") { c.exec_params("SELECT $1::int4 AS i, $2::text AS t", [{ value: [7].pack("N"), format: 1 }, "ü"], 1).values }
step("prepared") { c.prepare("p", "SELECT v FROM item WHERE app = $1 AND n = $2"); (1..8).map { |n| c.exec_prepared("p", ["seed", n]).getvalue(0, 0) } }
step("described") { d = c.describe_prepared("p"); [d.nparams, d.nfields, d.fname(0)] }
step("deallocated") { c.exec("DEALLOCATE p").cmd_status }
step("gone") { c.exec_prepared("p", ["seed", 1]).values }
c.type_map_for_results = PG::BasicTypeMapForResults.new(c)
step("mapped types") { c.exec("SELECT c_bool, c_int2, c_int8, c_float8, c_numeric::text, c_text, c_date, c_timestamptz, c_ints, c_jsonb FROM types WHERE app = 'seed'").values.map { |r| r.map(&:to_s) } }
c.type_map_for_queries = PG::BasicTypeMapForQueries.new(c)
step("mapped queries") { c.exec_params("INSERT INTO types (app, c_bool, c_int8, c_ints, c_texts) VALUES ('rb', $1, $2, $3, $4) RETURNING c_bool, c_int8, c_ints, c_texts", [true, 2**40, [1, 2], ["a,b", '"']]).values }
step("insert") { c.exec_params('INSERT INTO item (app, n, v) VALUES ($1, $2, $3) RETURNING n, "tenantId"', ["rb", 1, "it's \\"]).values }
step("update") { c.exec_params("UPDATE item SET v = $1 WHERE app = $2", ["u", "rb"]).cmd_tuples }
step("several") { c.exec("SELECT 1; SELECT count(*) FROM item WHERE app = 'seed'").values }
step("transaction") do
  c.transaction do |t|
    t.exec("INSERT INTO item (app, n) VALUES ('rbtx', 1)")
    t.exec("SAVEPOINT s")
    step("fails") { t.exec("INSERT INTO item (app, n) VALUES ('rbtx', 1)") }
    t.exec("ROLLBACK TO s")
    t.exec("SELECT n FROM item WHERE app = 'rbtx'").values
  end
end
step("rolled back") { c.transaction { |t| t.exec("DELETE FROM item"); raise PG::RollbackTransaction rescue raise PG::Error, "mine" } }
step("still there") { c.exec("SELECT count(*) FROM item WHERE app = 'seed'").values }
step("foreign key") { c.exec_params("INSERT INTO \"Workflow\"(id, name, \"userId\") VALUES ('f', 'f', $1)", ["nobody"]) }
step("syntax") { c.exec("SELEC 1") }
step("single rows") { c.send_query("SELECT n FROM item WHERE app = 'seed' AND n < 4 ORDER BY n"); c.set_single_row_mode; r = c.get_result; got = r.stream_each.map { |x| x["n"] }; c.get_result; got }
step("pipeline") do
  c.enter_pipeline_mode
  c.send_query_params("INSERT INTO item (app, n) VALUES ('rbp', $1) RETURNING n", [1])
  c.send_query_params("SELECT count(*) FROM item WHERE app = 'rbp'", [])
  c.pipeline_sync
  got = []
  loop do
    r = c.get_result
    next if r.nil?
    break if r.result_status == PG::PGRES_PIPELINE_SYNC
    got << r.values
  end
  c.exit_pipeline_mode
  got
end
step("copy in") { c.copy_data("COPY item (app, n, v) FROM STDIN") { c.put_copy_data("rbcopy\t1\tone\n"); c.put_copy_data("rbcopy\t2\t\\N\n") }.cmd_tuples }
step("copied") { c.exec("SELECT n, v FROM item WHERE app = 'rbcopy' ORDER BY n").values }
step("copy out") { got = []; c.copy_data("COPY (SELECT n FROM item WHERE app = 'seed' AND n < 4 ORDER BY n) TO STDOUT") { while (row = c.get_copy_data); got << row; end }; got }
step("cursor") { c.transaction { c.exec("DECLARE k CURSOR FOR SELECT n FROM item WHERE app = 'seed' ORDER BY n"); c.exec("FETCH 3 FROM k").values } }
step("cancel") { c.send_query("SELECT count(*) FROM item a, item b, item c, item d, item e"); sleep 0.2; c.cancel; c.get_last_result }
c.reset
step("after a reset") { c.exec("SELECT 1").values }
step("escaped") { [c.escape_string("it's \\"), c.quote_ident('a"b')] }
c.finish
puts "done"
