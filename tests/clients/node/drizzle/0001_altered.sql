CREATE SCHEMA "other";
--> statement-breakpoint
ALTER TYPE "side"."level" ADD VALUE 'higher';--> statement-breakpoint
ALTER TYPE "public"."plan" ADD VALUE 'team' BEFORE 'paid';--> statement-breakpoint
ALTER SEQUENCE "public"."ticket" INCREMENT BY 7 MINVALUE 1 MAXVALUE 20000 START WITH 100 CACHE 1;--> statement-breakpoint
CREATE TABLE "other"."tag" (
	"name" text PRIMARY KEY NOT NULL,
	"kind" integer NOT NULL
);
--> statement-breakpoint
DROP VIEW "public"."paying";--> statement-breakpoint
ALTER TABLE "kinds" DROP CONSTRAINT "kinds_once";--> statement-breakpoint
ALTER TABLE "account" DROP CONSTRAINT "account_email";--> statement-breakpoint
ALTER TABLE "account" DROP CONSTRAINT "account_parent_account_id_fk";
--> statement-breakpoint
ALTER TABLE "member" DROP CONSTRAINT "member_kind_kinds_id_fk";
--> statement-breakpoint
DROP INDEX "account_name_since_index";--> statement-breakpoint
DROP INDEX "kinds_some";--> statement-breakpoint
DROP INDEX "side"."note_text";--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "email" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "email" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "name" SET DEFAULT 'new';--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "plan" SET DEFAULT 'paid';--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "plan" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "since" SET DATA TYPE timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "since" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "changed" SET DEFAULT now();--> statement-breakpoint
ALTER TABLE "account" ALTER COLUMN "changed" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "id" SET INCREMENT BY 3;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "id" SET CACHE 5;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "int2" SET DATA TYPE integer;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "int2" SET DEFAULT 8;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "int2" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "real" SET DATA TYPE double precision;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "real" SET DEFAULT 2.5;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "money" SET DATA TYPE numeric(14, 2);--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "money" SET DEFAULT '1';--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "money" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "yes" SET DEFAULT false;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "code" SET DATA TYPE char(6);--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "code" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "short" SET DATA TYPE varchar(200);--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "short" SET DEFAULT 'x';--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "tags" SET DATA TYPE varchar[];--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "tags" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "kinds" ALTER COLUMN "tags" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "kinds" drop column "twice";--> statement-breakpoint
ALTER TABLE "kinds" ADD COLUMN "twice" integer GENERATED ALWAYS AS (serial * 3) STORED;--> statement-breakpoint
ALTER TABLE "side"."note" ALTER COLUMN "id" SET GENERATED ALWAYS;--> statement-breakpoint
ALTER TABLE "account" ADD COLUMN "key" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "kinds" ADD COLUMN "extra" jsonb DEFAULT '[]'::jsonb;--> statement-breakpoint
ALTER TABLE "kinds" ADD COLUMN "big2" bigint GENERATED ALWAYS AS (int8 + 1) STORED;--> statement-breakpoint
ALTER TABLE "member" ADD COLUMN "rank" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "member" ADD COLUMN "id" serial NOT NULL;--> statement-breakpoint
ALTER TABLE "other"."tag" ADD CONSTRAINT "tag_kind_kinds_id_fk" FOREIGN KEY ("kind") REFERENCES "public"."kinds"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "tag_kind" ON "other"."tag" USING btree ("kind");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_parent_account_id_fk" FOREIGN KEY ("parent") REFERENCES "public"."account"("id") ON DELETE cascade ON UPDATE set null;--> statement-breakpoint
ALTER TABLE "member" ADD CONSTRAINT "member_kind_kinds_id_fk" FOREIGN KEY ("kind") REFERENCES "public"."kinds"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "note_once" ON "side"."note" USING btree ("account") WHERE "side"."note"."role" = 'chief';--> statement-breakpoint
CREATE INDEX "account_name_since_index" ON "account" USING btree ("name","since");--> statement-breakpoint
CREATE INDEX "kinds_some" ON "kinds" USING btree ("int8" NULLS FIRST,"money" DESC NULLS LAST) WHERE "kinds"."yes" is not true;--> statement-breakpoint
CREATE INDEX "note_text" ON "side"."note" USING btree ("text" DESC NULLS LAST,"number");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_key" UNIQUE("key");--> statement-breakpoint
ALTER TABLE "kinds" ADD CONSTRAINT "kinds_once" UNIQUE("serial","big");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_name" CHECK (length("account"."name") < 50);--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_email" CHECK ("account"."email" like '%@%.%');--> statement-breakpoint
CREATE VIEW "other"."tagged" AS (select "other"."tag"."name", "kinds"."short" from "other"."tag" inner join "kinds" on "kinds"."id" = "other"."tag"."kind");--> statement-breakpoint
CREATE VIEW "public"."paying" AS (select "id", "email" from "account" where "account"."plan" = 'paid');