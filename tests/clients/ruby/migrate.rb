# ActiveRecord: migrations forth and back, and the schema as it dumps it.  usage: ruby migrate.rb DATABASE_URL
require "active_record"
require "stringio"

$stdout.sync = true
ActiveRecord::Base.establish_connection(ARGV[0])
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.logger = nil

class First < ActiveRecord::Migration[6.1]
  def up
    enable_extension "pgcrypto"
    execute "CREATE TYPE plan AS ENUM ('free', 'it''s')"
    create_table :accounts, id: :uuid, comment: "who pays, it's" do |t|
      t.string :email, limit: 120, null: false, index: { unique: true }, comment: "where to write"
      t.column :plan, :plan, default: "free", null: false
      t.timestamps
    end
    create_table :kinds do |t|
      t.integer :small, limit: 2, default: -1
      t.integer :int, default: 7
      t.bigint :big
      t.float :real8, default: 1.5
      t.decimal :money, precision: 12, scale: 4, default: "0.5"
      t.decimal :any
      t.boolean :yes, default: true, null: false
      t.text :text, default: "a 'quoted' one"
      t.string :short
      t.string :c, collation: "C"
      t.binary :bytes
      t.date :day, default: -> { "CURRENT_DATE" }
      t.time :hour
      t.datetime :moment, precision: 3, default: -> { "now()" }
      t.interval :span
      t.inet :ip
      t.cidr :net
      t.macaddr :mac
      t.json :doc
      t.jsonb :docb, null: false, default: {}
      t.uuid :key, default: -> { "gen_random_uuid()" }
      t.text :tags, array: true, default: []
      t.integer :grid, array: true
      t.int4range :span4
      t.daterange :days
      t.tstzrange :moments
      t.index [:int, :big], order: { big: "DESC NULLS LAST" }
      t.index :docb, using: :gin
      t.index "lower((short)::text)", name: "kinds_lower", unique: true
      t.index :text, where: "(int > 3)", name: "kinds_some"
      t.index :short, opclass: :varchar_pattern_ops, name: "kinds_pattern"
      t.check_constraint "int > small", name: "int_above"
    end
    create_table :members, primary_key: [:account_id, :role] do |t|
      t.references :account, type: :uuid, null: false, foreign_key: { on_delete: :cascade, on_update: :restrict }
      t.string :role, limit: 20, null: false
      t.belongs_to :kind, foreign_key: { on_delete: :nullify, name: "member_kind" }
      t.references :thing, polymorphic: true
    end
    create_join_table :accounts, :kinds, column_options: { type: :bigint } do |t|
      t.index [:kind_id, :account_id], unique: true
    end
    create_table :notes, id: :serial, force: :cascade do |t|
      t.text :text
    end
  end

  def down
    drop_table :notes
    drop_join_table :accounts, :kinds
    drop_table :members
    drop_table :kinds
    drop_table :accounts
    execute "DROP TYPE plan"
  end
end

class Second < ActiveRecord::Migration[6.1]
  def change
    add_column :accounts, :name, :string, limit: 50, default: "", null: false
    add_index :accounts, [:name, :plan], name: "by_name", algorithm: nil
    rename_column :accounts, :email, :mail
    change_column_null :accounts, :mail, true
    change_column_default :kinds, :int, from: 7, to: 8
    change_column_comment :kinds, :int, from: nil, to: "a number"
    change_table_comment :kinds, from: nil, to: "all kinds"
    rename_table :notes, :remarks
    rename_index :kinds, "kinds_some", "kinds_few"
    remove_index :kinds, column: :docb, using: :gin
    remove_check_constraint :kinds, "int > small", name: "int_above"
    add_check_constraint :kinds, "money >= (0)::numeric", name: "money_there", validate: false
    remove_foreign_key :members, :kinds, name: "member_kind", on_delete: :nullify
    add_reference :remarks, :account, type: :uuid, foreign_key: true, index: { unique: true }
    remove_column :kinds, :grid, :integer, array: true
    change_table :kinds, bulk: true do |t|
      t.column :extra, :jsonb
      t.string :other, limit: 5
      t.rename :any, :whatever
    end
    reversible do |dir|
      dir.up do
        change_column :kinds, :int, :bigint, default: 9, null: false
        change_column :kinds, :text, :string, limit: 200, default: nil
        change_column :kinds, :money, :decimal, precision: 14, scale: 2
        change_column :kinds, :c, :integer, using: "length(c)"
        validate_check_constraint :kinds, name: "money_there"
        execute "CREATE VIEW paying AS SELECT id, mail FROM accounts WHERE plan <> 'free'"
        execute "CREATE SEQUENCE ticket START 100 INCREMENT 5"
      end
      dir.down do
        execute "DROP SEQUENCE ticket"
        execute "DROP VIEW paying"
        change_column :kinds, :c, :string, using: "c::text", collation: "C"
        change_column :kinds, :money, :decimal, precision: 12, scale: 4
        change_column :kinds, :text, :text, default: "a 'quoted' one"
        change_column :kinds, :int, :integer, default: 8, null: true
      end
    end
  end
end

class Failing < ActiveRecord::Migration[6.1]
  def up
    create_table :never
    add_index :kinds, :yes, unique: true
    add_foreign_key :kinds, :accounts, column: :big
  end
end

def checkpoint(name)
  puts "checkpoint #{name}"
  $stdin.gets
end

def step(name)
  value = yield
  puts "#{name}: #{value.inspect}"
rescue StandardError => e
  cause = e.cause || e
  puts "#{name}: #{cause.class} #{cause.message.lines.first}"
end

def migrate(*list, to: nil)
  up = to.nil?
  at = ActiveRecord::SchemaMigration.table_exists? ? ActiveRecord::SchemaMigration.all_versions.map(&:to_i).max.to_i : 0
  ActiveRecord::SchemaMigration.create_table
  ActiveRecord::InternalMetadata.create_table
  proxies = list.each_with_index.map { |m, i| Proxy.new(m, i + 1) }
  ActiveRecord::Migrator.new(up ? :up : :down, proxies, ActiveRecord::SchemaMigration, to).migrate
  [at, ActiveRecord::SchemaMigration.all_versions.map(&:to_i).max.to_i]
end

Proxy = Struct.new(:type, :version) do
  def name = type.name
  def filename = ""
  def scope = nil
  def migrate(direction) = type.new(name, version).migrate(direction)
  def disable_ddl_transaction = false
end

def dump
  out = StringIO.new
  ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, out)
  puts out.string.lines.reject { |l| l.start_with?("#") }
end

step("first") { migrate(First) }
checkpoint("first")
dump
step("rows") do
  db = ActiveRecord::Base.connection
  db.execute("INSERT INTO accounts (email, created_at, updated_at) VALUES ('a@test', now(), now())")
  db.execute("INSERT INTO kinds (int, short, text) VALUES (5, 'abc', 'x'), (6, 'ABCD', 'y')")
  db.execute("INSERT INTO members SELECT id, 'r', 1 FROM accounts")
  nil
end
step("second") { migrate(First, Second) }
checkpoint("second")
dump
step("failing") { migrate(First, Second, Failing) }
checkpoint("failed")
step("structure") do
  db = ActiveRecord::Base.connection
  [db.tables.sort, db.views, db.data_sources.sort, db.foreign_keys("members").map(&:to_h), db.indexes("kinds").map { |i| [i.name, i.columns, i.orders, i.opclasses, i.where, i.unique] },
   db.primary_keys("members"), db.pk_and_sequence_for("kinds").map(&:to_s), db.check_constraints("kinds").map { |c| [c.name, c.expression] }, db.extensions, db.columns("kinds").map { |c| [c.name, c.sql_type, c.default, c.default_function, c.null, c.comment] }]
end
step("back") { migrate(First, Second, to: 1) }
checkpoint("back")
dump
step("reset") { ActiveRecord::Base.connection.reset_pk_sequence!("kinds") }
step("truncate") { ActiveRecord::Base.connection.truncate_tables("kinds", "members"); nil }
step("zero") { migrate(First, Second, to: 0) }
checkpoint("zero")
puts "done"
