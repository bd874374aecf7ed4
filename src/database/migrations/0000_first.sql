CREATE TABLE "accounts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"date_created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"date_last_modified" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"last_modified_by" text NOT NULL,
	"name" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ai_sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"date_created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"date_last_modified" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_by" text NOT NULL,
	"last_modified_by" text NOT NULL,
	"account_id" uuid,
	"purpose" text,
	"idempotency_key" text
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"created_by" text NOT NULL,
	"key" text NOT NULL,
	"session_id" uuid NOT NULL,
	"payload_hash" text NOT NULL,
	"date_created" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_created_by_key_pk" PRIMARY KEY("created_by","key")
);
--> statement-breakpoint
ALTER TABLE "ai_sessions" ADD CONSTRAINT "ai_sessions_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ai_sessions_by_account" ON "ai_sessions" USING btree ("account_id","id");--> statement-breakpoint
CREATE INDEX "ai_sessions_by_modification" ON "ai_sessions" USING btree ("date_last_modified","id");