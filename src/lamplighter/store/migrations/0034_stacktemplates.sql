-- The templates of stacks and change sets in their own table: they are large, and few turns need them.

CREATE TABLE stack_templates (
    id TEXT PRIMARY KEY,           -- which never repeats: what it names never changes
    stack TEXT NOT NULL,
    text TEXT NOT NULL,            -- as it was given
    processed TEXT NOT NULL        -- JSON text without its transforms
) WITHOUT ROWID;
CREATE INDEX stack_templates_by_stack ON stack_templates (stack);

INSERT INTO stack_templates (id, stack, text, processed)
SELECT id || '#' || phase, id, json_extract(plan, '$.template'), json_extract(plan, '$.document') FROM stacks;

INSERT INTO stack_templates (id, stack, text, processed)
SELECT id || '#previous', id, json_extract(previous, '$.template'), json_extract(previous, '$.document')
FROM stacks WHERE previous <> 'null';

INSERT INTO stack_templates (id, stack, text, processed)
SELECT id, stack, json_extract(body, '$.plan.template'), json_extract(body, '$.plan.document') FROM change_sets;

UPDATE stacks SET plan = json_set(
    json_remove(plan, '$.document'),
    '$.template', id || '#' || phase,
    '$.metadata', json_extract(plan, '$.document.Metadata'),
    '$.transforms', NULL           -- not known: the text says
);
UPDATE stacks SET previous = json_set(
    json_remove(previous, '$.document'),
    '$.template', id || '#previous',
    '$.metadata', json_extract(previous, '$.document.Metadata'),
    '$.transforms', NULL
) WHERE previous <> 'null';
UPDATE change_sets SET body = json_set(
    json_remove(body, '$.plan.document'),
    '$.plan.template', id,
    '$.plan.metadata', json_extract(body, '$.plan.document.Metadata'),
    '$.plan.transforms', NULL
);

-- An index that contains what a pass reads of all resources of a stack, in their order.
CREATE INDEX stack_resources_in_order ON stack_resources (stack, position, logical, type, status, phase);
