-- Who started an execution: "runs again since 05:19 (by anna)".
ALTER TABLE executions ADD COLUMN person TEXT NOT NULL DEFAULT '';
