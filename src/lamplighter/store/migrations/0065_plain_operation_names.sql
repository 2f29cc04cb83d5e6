-- Operations that AWS does not have got plain names. Deliveries that wait name them; a damaged body stays as it is.
UPDATE deliveries SET body = json_set(body, '$.operation', CASE json_extract(body, '$.operation')
    WHEN 'Log' THEN 'PutLogEvent'
    WHEN 'Forward' THEN 'PutEventOnBus'
    WHEN 'CallApi' THEN 'InvokeApiDestination'
    WHEN 'Refuse' THEN 'FailDelivery'
    ELSE json_extract(body, '$.operation') END)
WHERE finished IS NULL AND CASE WHEN json_valid(body) THEN json_extract(body, '$.service') END = 'events.targets';
UPDATE deliveries SET body = json_set(body, '$.operation', CASE json_extract(body, '$.operation')
    WHEN 'Tell' THEN 'SendAlert'
    WHEN 'TellAway' THEN 'SendAwayAlert'
    WHEN 'TellDropped' THEN 'SendDroppedAlert'
    ELSE json_extract(body, '$.operation') END)
WHERE finished IS NULL AND CASE WHEN json_valid(body) THEN json_extract(body, '$.service') END = 'alerts';
UPDATE deliveries SET body = json_remove(
    json_set(body, '$.params.Annotation', json_extract(body, '$.params.Mark')), '$.params.Mark')
WHERE finished IS NULL AND CASE WHEN json_valid(body) THEN
    json_extract(body, '$.service') = 'alerts' AND json_type(body, '$.params.Mark') IS NOT NULL END;
UPDATE event_resources SET body = json_remove(json_set(body, '$.Annotation', json_extract(body, '$.Mark')), '$.Mark')
WHERE kind = 'rule' AND CASE WHEN json_valid(body) THEN json_type(body, '$.Mark') END IS NOT NULL;
