// Package property_test compares the data API with an independent reading of its permissions.
//
// Every case is generated: tables and relationships, rows, roles with permission trees (inherited roles among them), a
// caller's session variables, and requests. The requests go over HTTP to a real engine on a real Postgres; what they must
// answer is worked out in plain Go over the same rows (oracle_*_test.go), sharing no code with the engine: rows(role) and
// cells(role) are equal, or the test fails with the smallest case that shows it.
//
//	model_test.go                 tables, rows, roles, conditions, requests: the case
//	generate_*_test.go            how a case is drawn
//	render_test.go                the case as SQL, metadata and GraphQL
//	computed_test.go, foreign_key_test.go  what tables have besides columns
//	oracle_*_test.go              what a request must answer, and what the tables hold afterwards
//	match_test.go                 an answer compared with what it must be, ties and unordered rows allowed for
//	world_test.go                 the engine and the database a case runs on
//	property_test.go              the properties that hold for every generated case
//	leak_test.go                  the properties about what a role cannot reach at all
//	error_channel_test.go         … not even by making requests fail
//	allowlist_test.go, concurrency_test.go  … nor past the allow list, nor in the midst of others
//	suspicion_test.go             … nor by any other way we thought of
//	introspection_test.go         … and cannot see in its schema
//	stats_test.go                 what the cases were made of, with -v
//	types_test.go                 every type: operators, values, orders, aggregates, as plain SQL has them
//	surface_test.go               the same from live queries, REST endpoints, row commands and pages
//	groups_test.go                <table>_group_by against groups of what a role sees
//	nested_update_test.go         updates that write, link and unlink related rows
//	regression_test.go            what was found, reduced
//
// PROPERTY_CHECKS sets how many cases are compared (10,000; make fuzz sets it higher); -rapid.seed repeats a run.
package property_test
