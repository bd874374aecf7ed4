ALTER TABLE "accounts" ALTER COLUMN "date_created" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "accounts" ALTER COLUMN "date_last_modified" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "ai_sessions" ALTER COLUMN "date_created" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "ai_sessions" ALTER COLUMN "date_last_modified" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "ai_sessions" DROP COLUMN "idempotency_key";--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_date_created_is_in_id" CHECK (round(extract(epoch from "accounts"."date_created") * 1000) = ('x' || translate(left("accounts"."id"::text, 13), '-', ''))::bit(48)::bigint);--> statement-breakpoint
ALTER TABLE "ai_sessions" ADD CONSTRAINT "ai_sessions_date_created_is_in_id" CHECK (round(extract(epoch from "ai_sessions"."date_created") * 1000) = ('x' || translate(left("ai_sessions"."id"::text, 13), '-', ''))::bit(48)::bigint);