-- The demo of `./dev run`: the tables of a multi-tenant workflow builder and the rows of two tenants.
CREATE TABLE "Tenant" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Tenant_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Tenant_name_key" ON "Tenant"("name");

CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "password" TEXT NOT NULL,
    "level" INTEGER NOT NULL DEFAULT 0,
    "tenantId" TEXT NOT NULL,
    CONSTRAINT "User_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "User_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id")
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE INDEX "User_tenantId_idx" ON "User"("tenantId");

CREATE TABLE "Workflow" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "config" TEXT NOT NULL DEFAULT '{}',
    "status" TEXT NOT NULL DEFAULT 'draft',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "userId" TEXT,
    "tenantId" TEXT NOT NULL,
    CONSTRAINT "Workflow_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Workflow_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id"),
    CONSTRAINT "Workflow_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id")
);
CREATE INDEX "Workflow_tenantId_idx" ON "Workflow"("tenantId");

INSERT INTO "Tenant" ("id", "name") VALUES ('acme', 'Acme Inc'), ('globex', 'Globex Corp');
INSERT INTO "User" ("id", "email", "password", "level", "tenantId") VALUES
    ('u1', 'ann@acme.test', 'secret-1', 5, 'acme'),
    ('u2', 'abe@acme.test', 'secret-2', 1, 'acme'),
    ('u51', 'gil@globex.test', 'secret-51', 5, 'globex'),
    ('u52', 'gus@globex.test', 'secret-52', 1, 'globex');
INSERT INTO "Workflow" ("id", "name", "userId", "tenantId") VALUES
    ('w1', 'Send invoices', 'u1', 'acme'),
    ('w2', 'Welcome mail', 'u2', 'acme'),
    ('w51', 'Order parts', 'u51', 'globex');
