# DBD::Pg.  usage: app.pl URL; where to connect stands in PGHOST, PGPORT, ...
use strict;
use warnings;
use DBI;
use DBD::Pg qw(:pg_types);
$| = 1;

sub plain { my $v = shift; ref $v eq 'ARRAY' ? '[' . join(', ', map { plain($_) } @$v) . ']' : defined $v ? $v : 'undef' }
sub say_ { my ($name, $v) = @_; print "$name: ", plain($v), "\n" }
my $dbh = DBI->connect("dbi:Pg:", undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1 });
sub step {
    my ($name, $body) = @_;
    my $got = eval { $body->() };
    if ($@) {
        my $state = $dbh->state;
        $got = "error $state" . ($state eq '42501' || $state eq '0A000' ? " $@" : '');
        chomp $got;
        $dbh->rollback unless $dbh->{AutoCommit};
    }
    say_($name, $got);
}
binmode STDOUT, ':utf8';
sub rows { $dbh->selectall_arrayref(@_) }

step('ping', sub { $dbh->ping });
step('version', sub { int($dbh->{pg_server_version} / 10000) });
step('users', sub { rows('SELECT id, level FROM "User" ORDER BY id') });
for my $n (1 .. 5) { step('placeholders', sub { rows('SELECT n, v FROM item WHERE app = ? AND n = ?', undef, 'seed', $n) }) }
step('dollars', sub { rows('SELECT n FROM item WHERE app = $1 AND n < $2 ORDER BY n', undef, 'seed', 3) });
step('named', sub { my $s = $dbh->prepare('SELECT n FROM item WHERE app = :app AND n = :n'); $s->bind_param(':app', 'seed'); $s->bind_param(':n', 4); $s->execute; $s->fetchall_arrayref });
step('prepared', sub { my $s = $dbh->prepare('SELECT v FROM item WHERE app = ? AND n = ?'); [map { $s->execute('seed', $_); $s->fetchrow_array } 1 .. 12] });
step('not prepared', sub { rows('SELECT v FROM item WHERE app = ? AND n = ?', { pg_server_prepare => 0 }, 'seed', 3) });
step('join', sub { rows('SELECT w.id, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id') });
step('array', sub { rows('SELECT n FROM item WHERE app = ? AND n = ANY(?) ORDER BY n', undef, 'seed', [1, 2, 99]) });
step('names', sub { my $s = $dbh->prepare('SELECT id, level FROM "User"'); $s->execute; [@{ $s->{NAME} }, @{ $s->{pg_type} }, $s->rows] });
step('insert', sub { $dbh->do('INSERT INTO item (app, n, v) VALUES (?, ?, ?)', undef, 'perl', 1, "it's \\ \x{fc}") });
step('returning', sub { rows('INSERT INTO item (app, n) VALUES (?, 2) RETURNING n, v, "tenantId"', undef, 'perl') });
step('last id', sub { ($dbh->selectrow_array('SELECT max(id) FROM item WHERE app = ?', undef, 'perl') || 0) > 0 });
step('array of tuples', sub { my $s = $dbh->prepare('INSERT INTO item (app, n, v) VALUES (?, ?, ?)'); $s->execute_array({ ArrayTupleStatus => \my @status }, [('bulk') x 30], [1 .. 30], [map { "v$_" } 1 .. 30]) });
step('update', sub { $dbh->do("UPDATE item SET v = 'u' WHERE app = 'bulk' AND n > 10") });
step('several', sub { $dbh->do("UPDATE item SET v = 'a' WHERE app = 'perl'; UPDATE item SET v = v || 'b' WHERE app = 'perl'") });
step('hash', sub { my $h = $dbh->selectall_hashref('SELECT id, name FROM "Workflow"', 'id'); [map { "$_ $h->{$_}{name}" } sort keys %$h] });
step('transaction', sub {
    $dbh->begin_work;
    $dbh->do("INSERT INTO item (app, n) VALUES ('ptx', 1)");
    $dbh->pg_savepoint('sp');
    eval { $dbh->do("INSERT INTO item (app, n) VALUES ('ptx', 1)") };
    my $state = $dbh->state;
    $dbh->pg_rollback_to('sp');
    $dbh->pg_release('sp');
    my $ping = $dbh->ping;
    $dbh->commit;
    [$state, $ping, rows("SELECT n FROM item WHERE app = 'ptx'")];
});
step('rolled back', sub { $dbh->begin_work; $dbh->do('DELETE FROM item'); $dbh->rollback; rows("SELECT count(*) FROM item WHERE app = 'seed'") });
step('unique', sub { $dbh->do("INSERT INTO item (app, n) VALUES ('seed', 1)") });
say_('constraint', [$dbh->pg_error_field('constraint_name'), $dbh->pg_error_field('message_detail')]);
step('foreign key', sub { $dbh->do(q{INSERT INTO "Workflow"(id, name, "userId") VALUES ('f', 'f', ?)}, undef, 'nobody') });
step('bad text', sub { rows('SELECT ?::int', undef, 'x') });
step('syntax', sub { rows('SELEC 1') });
step('types', sub { rows("SELECT c_bool, c_int2, c_int8, c_float8, c_numeric, c_text, c_date, c_timestamptz, c_interval, c_jsonb, c_ints, c_texts, c_mood FROM types WHERE app = 'seed'") });
step('bytes', sub { my $s = $dbh->prepare('INSERT INTO types (app, c_bytea, c_jsonb) VALUES (?, ?, ?) RETURNING c_bytea'); $s->bind_param(1, 'perl'); $s->bind_param(2, "\0\1'\\", { pg_type => PG_BYTEA }); $s->bind_param(3, '{"a": 1}'); $s->execute; unpack 'H*', $s->fetchrow_array });
step('copy in', sub { $dbh->do('COPY item (app, n, v) FROM STDIN'); $dbh->pg_putcopydata("pcopy\t1\tone\n"); $dbh->pg_putcopydata("pcopy\t2\t\\N\n"); $dbh->pg_putcopyend; rows("SELECT n, v FROM item WHERE app = 'pcopy' ORDER BY n") });
step('copy out', sub { $dbh->do("COPY (SELECT n FROM item WHERE app = 'seed' AND n < 4 ORDER BY n) TO STDOUT"); my ($line, @all); push @all, $line =~ s/\n//r while $dbh->pg_getcopydata($line) >= 0; \@all });
step('cursor', sub { $dbh->begin_work; $dbh->do("DECLARE k CURSOR FOR SELECT n FROM item WHERE app = 'seed' ORDER BY n"); my $got = rows('FETCH 3 FROM k'); $dbh->do('CLOSE k'); $dbh->commit; $got });
step('deallocate', sub { my $s = $dbh->prepare('SELECT 1', { pg_prepare_now => 1 }); $s->execute; undef $s; $dbh->do('DEALLOCATE ALL'); rows('SELECT 2') });
step('columns', sub { [map { "$_->[3] $_->[5]" } @{ $dbh->column_info('', 'public', 'item', '%')->fetchall_arrayref }] });
step('tables', sub { [map { [@$_[1 .. 3], sort grep { defined } @$_[4 .. 8]] } @{ $dbh->table_info('', 'public', '%', 'TABLE')->fetchall_arrayref }] });
step('names of tables', sub { [sort $dbh->tables('', 'public', '%', 'TABLE')] });
step('primary key', sub { [map { [@$_] } @{ $dbh->primary_key_info('', 'public', 'item')->fetchall_arrayref }] });
step('primary key columns', sub { [$dbh->primary_key('', 'public', 'Workflow')] });
step('foreign keys', sub { [map { [@$_[0 .. 7]] } @{ $dbh->foreign_key_info('', '', '', '', 'public', 'Workflow')->fetchall_arrayref }] });
step('statistics', sub { [map { [@$_[0 .. 8]] } @{ $dbh->statistics_info('', 'public', 'item', 0, 0)->fetchall_arrayref }] });
step('types known', sub { scalar @{ $dbh->type_info_all } > 5 });
step('cancel', sub { local $SIG{ALRM} = sub { $dbh->pg_cancel }; rows("SET statement_timeout = 80; SELECT count(*) FROM item a, item b, item c, item d, item e") });
$dbh->disconnect;
print "done\n";
