-- +goose Up

-- Whoever connects a VM by a vNIC profile needs a permission on it from now on. Everybody
-- could use those that are there: so it stays, until an administrator takes it away.
INSERT INTO objects (kind, id, name, status, document)
SELECT 'permission', '00000000' || substr(id, 9), '', '',
    json_object('id', '00000000' || substr(id, 9), 'role', 'def0000a-0000-0000-0000-def000000010',
        'group', 'eee00000-0000-0000-0000-123456789eee', 'object', json_object('kind', 'vnic_profile', 'id', id))
FROM objects WHERE kind = 'vnic_profile';
