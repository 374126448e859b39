ALTER TYPE "public"."plan" RENAME TO "tariff";--> statement-breakpoint
ALTER SEQUENCE "public"."ticket" RENAME TO "number";--> statement-breakpoint
DROP VIEW "other"."tagged";--> statement-breakpoint
DROP MATERIALIZED VIEW "public"."counted";--> statement-breakpoint
ALTER VIEW "public"."paying" RENAME TO "payers";--> statement-breakpoint
ALTER TABLE "member" RENAME TO "membership";--> statement-breakpoint
ALTER TABLE "account" RENAME COLUMN "name" TO "title";--> statement-breakpoint
ALTER TABLE "kinds" RENAME COLUMN "short" TO "brief";--> statement-breakpoint
ALTER TABLE "membership" DROP CONSTRAINT "member_kind_role_unique";--> statement-breakpoint
ALTER TABLE "account" DROP CONSTRAINT "account_name";--> statement-breakpoint
ALTER TABLE "membership" DROP CONSTRAINT "member_account_account_id_fk";
--> statement-breakpoint
ALTER TABLE "membership" DROP CONSTRAINT "member_kind_kinds_id_fk";
--> statement-breakpoint
ALTER TABLE "side"."note" DROP CONSTRAINT "note_member";
--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "level" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "level" SET DEFAULT 'low'::text;--> statement-breakpoint
DROP TYPE "side"."level";--> statement-breakpoint
CREATE TYPE "side"."level" AS ENUM('low', 'higher');--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "level" SET DEFAULT 'low'::"side"."level";--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "level" SET DATA TYPE "side"."level" USING "level"::"side"."level";--> statement-breakpoint
DROP INDEX "account_name_since_index";--> statement-breakpoint
DROP INDEX "kinds_hash";--> statement-breakpoint
DROP INDEX "kinds_pattern";--> statement-breakpoint
ALTER TABLE "membership" DROP CONSTRAINT "member_account_role_pk";--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "plans" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "plans" SET DATA TYPE "public"."tariff"[] USING "plans"::text::"public"."tariff"[];--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "plans" SET DEFAULT '{"free","paid"}';--> statement-breakpoint
ALTER TABLE "side"."note" ALTER COLUMN "number" SET DEFAULT nextval('number');--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_account_role_pk" PRIMARY KEY("account","role");--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_account_account_id_fk" FOREIGN KEY ("account") REFERENCES "public"."account"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_kind_kinds_id_fk" FOREIGN KEY ("kind") REFERENCES "public"."kinds"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "side"."note" ADD CONSTRAINT "note_member" FOREIGN KEY ("account","role") REFERENCES "public"."membership"("account","role") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_title_since_index" ON "account" USING btree ("title","since");--> statement-breakpoint
CREATE INDEX "kinds_hash" ON "kinds" USING hash ("brief");--> statement-breakpoint
CREATE INDEX "kinds_pattern" ON "kinds" USING btree ("brief" varchar_pattern_ops);--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_kind_role_unique" UNIQUE("kind","role");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_name" CHECK (length("account"."title") < 50);--> statement-breakpoint
CREATE VIEW "other"."tagged" AS (select "other"."tag"."name", "kinds"."brief" from "other"."tag" inner join "kinds" on "kinds"."id" = "other"."tag"."kind");--> statement-breakpoint
CREATE MATERIALIZED VIEW "public"."counted" AS (select "role", count(*) as "c" from "membership" group by "membership"."role");