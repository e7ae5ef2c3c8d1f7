-- +goose Up

-- One row: who may write, and the newest event id ever given.
CREATE TABLE engine (
    one        BIGINT  PRIMARY KEY CHECK (one = 1),
    token      TEXT    NOT NULL,
    holder     TEXT    NOT NULL,
    backend    BIGINT  NOT NULL,
    last_event BIGINT  NOT NULL
);

INSERT INTO engine (one, token, holder, backend, last_event) VALUES (1, '', '', 0, 0);

CREATE TABLE objects (
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    name     TEXT NOT NULL,
    status   TEXT NOT NULL,
    document JSON NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX objects_name ON objects (kind, name);

-- Times are microseconds since 1970, UTC. end_time is null while a job runs.
CREATE TABLE jobs (
    id             TEXT    COLLATE "C" PRIMARY KEY NOT NULL,
    action         TEXT    NOT NULL,
    target_kind    TEXT    NOT NULL,
    target         TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    monitored      BIGINT  NOT NULL,
    correlation_id TEXT    NOT NULL,
    start_time     BIGINT  NOT NULL,
    end_time       BIGINT,
    document       JSON    NOT NULL
);

CREATE INDEX jobs_newest ON jobs (start_time, id) WHERE monitored = 1;
CREATE INDEX jobs_target ON jobs (target, start_time, id) WHERE monitored = 1;
CREATE INDEX jobs_correlation ON jobs (correlation_id, start_time, id) WHERE monitored = 1;
CREATE INDEX jobs_status ON jobs (status, start_time, id) WHERE monitored = 1;
CREATE INDEX jobs_running ON jobs (start_time, id) WHERE end_time IS NULL;
CREATE INDEX jobs_ended ON jobs (end_time) WHERE end_time IS NOT NULL;

CREATE TABLE events (
    id             BIGINT PRIMARY KEY,
    code           BIGINT  NOT NULL,
    severity       TEXT    NOT NULL,
    time           BIGINT  NOT NULL,
    correlation_id TEXT,
    vm             TEXT,
    host           TEXT,
    user_id        TEXT,
    document       JSON    NOT NULL
);

CREATE INDEX events_code ON events (code, id);
CREATE INDEX events_severity ON events (severity, id);
CREATE INDEX events_correlation ON events (correlation_id, id) WHERE correlation_id IS NOT NULL;
CREATE INDEX events_vm ON events (vm, id) WHERE vm IS NOT NULL;
CREATE INDEX events_host ON events (host, id) WHERE host IS NOT NULL;
CREATE INDEX events_user ON events (user_id, id) WHERE user_id IS NOT NULL;

-- The earliest and latest time among the events with id / 1024 = span: a small
-- index from time to ids that holds although clocks step back.
CREATE TABLE event_spans (
    span     BIGINT PRIMARY KEY,
    earliest BIGINT  NOT NULL,
    latest   BIGINT  NOT NULL
);

-- +goose Down

DROP TABLE event_spans;
DROP TABLE events;
DROP TABLE jobs;
DROP TABLE objects;
DROP TABLE engine;
