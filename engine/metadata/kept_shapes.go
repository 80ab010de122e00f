package metadata

import (
	"regexp"
	"slices"
)

// The grammar of what is kept without being executed (Hasura: metadata.openapi.json, and where a whole is checked, the
// FromJSON instance of the type).

var headersShape = every(record("HeaderConf",
	needs("name", nameShape), has("value", textShape), has("value_from_env", nameShape),
).with(func(r *reader, n *node) {
	switch value, env := n.given("value"), n.given("value_from_env"); {
	case value && env:
		r.fail("expecting only one of value or value_from_env keys")
	case !value && !env:
		r.fail("expecting value or value_from_env keys")
	}
}))

// Transforms: that their templates parse is engine/webhook's to say.

var bodyShape = record("BodyTransformFn",
	needs("action", choice("transform action", "remove", "transform", "x_www_form_urlencoded")),
	has("template", textShape), has("form_template", dictionary(textShape)))

func requestTransform(body shape) shape {
	return record("RequestTransform",
		has("version", anything), has("template_engine", choice("template engine", "Kriti")),
		has("method", textShape), has("url", textShape), has("body", body), has("content_type", textShape),
		has("query_params", textOr(dictionary(nullOr(textShape)))),
		has("request_headers", record("AddReplaceOrRemoveFields", has("add_headers", dictionary(textShape)), has("remove_headers", textsShape))))
}

func responseTransform(body shape) shape {
	return record("MetadataResponseTransform",
		has("version", anything), has("template_engine", choice("template engine", "Kriti")), has("body", body))
}

func nullOr(s shape) shape {
	return func(r *reader, n *node) {
		if n.kind != nullNode {
			s(r, n)
		}
	}
}

var (
	requestTransformShape  = versioned(requestTransform(textShape), requestTransform(bodyShape))
	responseTransformShape = versioned(responseTransform(textShape), responseTransform(bodyShape))
)

// Event triggers.

var operationShape = record("SubscribeOpSpec", needs("columns", starOr), has("payload", starOr)).with(func(r *reader, n *node) {
	if c := n.member("columns"); c.kind == arrayNode && len(c.items) == 0 {
		r.fail("found empty column specification")
	}
})

var retryShape = record("RetryConf", needs("num_retries", integerShape), needs("interval_sec", integerShape), has("timeout_sec", integerShape), has("tolerance_seconds", integerShape))

var cleanupShape = record("AutoTriggerLogCleanupConfig",
	needs("schedule", cronSchedule), needs("clear_older_than", integerShape), has("batch_size", integerShape),
	has("clean_invocation_logs", boolShape), has("paused", boolShape), has("timeout", integerShape))

var webhookParts = []part{
	has("webhook", nameShape), has("webhook_from_env", nameShape), has("headers", headersShape),
	has("request_transform", requestTransformShape), has("response_transform", responseTransformShape),
}

var triggerEnds = append(slices.Clip(webhookParts), has("cleanup_config", cleanupShape), has("trigger_on_replication", boolShape))

var triggerOperations = []part{
	has("enable_manual", boolShape), has("insert", operationShape), has("update", operationShape), has("delete", operationShape),
}

var eventTriggerShape = record("EventTriggerConf", append(slices.Clip(triggerEnds),
	needs("name", triggerNameShape), needs("definition", record("TriggerOpsDef", triggerOperations...)), needs("retry_conf", retryShape))...).with(oneWebhook)

// createEventTriggerShape is the command's form (Hasura: RQL/DDL/EventTrigger).
var createEventTriggerShape = record("CreateEventTriggerQuery", append(append(slices.Clip(triggerEnds), triggerOperations...),
	has("source", nameShape), needs("name", triggerNameShape), needs("table", tableNameShape), has("retry_conf", retryShape), has("replace", boolShape))...).
	with(func(r *reader, n *node) {
		manual := n.member("enable_manual")
		if !n.given("insert") && !n.given("update") && !n.given("delete") && (manual == nil || string(manual.raw) != "true") {
			r.fail("atleast one amongst insert/update/delete/enable_manual spec must be provided")
		}
	}).with(oneWebhook)

func oneWebhook(r *reader, n *node) {
	switch webhook, env := n.given("webhook"), n.given("webhook_from_env"); {
	case webhook && env:
		r.fail("only one of webhook or webhook_from_env should be given")
	case !webhook && !env:
		r.fail("must provide webhook or webhook_from_env")
	}
}

var triggerNames = regexp.MustCompile(`^[A-Za-z]+[A-Za-z0-9_-]*$`)

// maxTriggerName leaves room in Postgres' 63 bytes for what Hasura puts before and behind the name.
const maxTriggerName = 42

func triggerNameShape(r *reader, n *node) {
	name := nonEmpty.read(r, n)
	switch {
	case r.err != nil:
	case !triggerNames.MatchString(name):
		r.fail("only alphanumeric and underscore and hyphens allowed for name")
	case len(name) > maxTriggerName:
		r.fail("event trigger name can be at most %d characters", maxTriggerName)
	}
}

// Cron triggers.

var cronTriggerParts = []part{
	needs("name", nameShape), needs("webhook", nameShape), needs("schedule", cronSchedule), has("payload", anything),
	has("retry_conf", record("STRetryConf",
		has("num_retries", naturalOr("num_retries cannot be a negative value")), has("retry_interval_seconds", numberShape),
		has("timeout_seconds", numberShape), has("tolerance_seconds", numberShape))),
	has("headers", headersShape), needs("include_in_metadata", boolShape), has("comment", textShape),
	has("request_transform", requestTransformShape), has("response_transform", responseTransformShape),
}

func naturalOr(complaint string) shape {
	return func(r *reader, n *node) {
		if v := integer.read(r, n); r.err == nil && v < 0 {
			r.fail("%s", complaint)
		}
	}
}

var (
	cronTriggerShape       = record("CronTriggerMetadata", cronTriggerParts...)
	createCronTriggerShape = record("CreateCronTrigger", append(slices.Clip(cronTriggerParts), has("replace", boolShape))...)
)

// Actions and custom types.

var actionDefinitionShape shape = func(r *reader, n *node) {
	if n.kind != objectNode {
		r.mismatch("ActionDefinition", "Object", n)
		return
	}
	kind := choice("action kind", "synchronous", "asynchronous")
	if t := n.member("type"); n.given("type") && t.kind == stringNode && t.text == "query" {
		kind = anything // which the command line writes as ""
	}
	record("ActionDefinition",
		has("type", func(r *reader, n *node) {
			if t := text.read(r, n); r.err == nil && t != "query" && t != "mutation" {
				r.fail("expected mutation or query, but found %s", t)
			}
		}),
		has("kind", kind),
		has("arguments", every(record("ArgumentDefinition", needs("name", graphQLNameShape), needs("type", textShape), has("description", textShape)))),
		needs("output_type", textShape), needs("handler", textShape), has("headers", headersShape), has("forward_client_headers", boolShape),
		has("ignored_client_headers", textsShape), has("timeout", integerShape),
		has("request_transform", requestTransformShape), has("response_transform", responseTransformShape),
	)(r, n)
}

var actionShape = record("ActionMetadata",
	needs("name", graphQLNameShape), needs("definition", actionDefinitionShape), has("comment", textShape),
	has("permissions", every(record("ActionPermissionMetadata", needs("role", nameShape), has("comment", textShape)))))

// createActionShape: the command's comment and definition stand beside each other as in the document; permissions are
// given one by one.
var createActionShape = record("CreateAction", needs("name", graphQLNameShape), needs("definition", actionDefinitionShape), has("comment", textShape))

var updateActionShape = record("UpdateAction", needs("name", graphQLNameShape), needs("definition", actionDefinitionShape), has("comment", textShape))

var customTypesShape = record("CustomTypes",
	has("enums", every(record("EnumTypeDefinition", needs("name", graphQLNameShape), has("description", textShape),
		needs("values", every(record("EnumValueDefinition", needs("value", graphQLNameShape), has("description", textShape), has("is_deprecated", boolShape))))))),
	has("input_objects", every(record("InputObjectTypeDefinition", needs("name", graphQLNameShape), has("description", textShape),
		needs("fields", every(record("InputObjectFieldDefinition", needs("name", graphQLNameShape), needs("type", textShape), has("description", textShape))))))),
	has("objects", every(record("ObjectTypeDefinition", needs("name", graphQLNameShape), has("description", textShape),
		needs("fields", every(record("ObjectFieldDefinition", needs("name", graphQLNameShape), needs("type", textShape), has("arguments", anything), has("description", textShape)))),
		has("relationships", every(record("TypeRelationshipDefinition", needs("name", graphQLNameShape), needs("type", choice("relationship type", "object", "array")),
			needs("remote_table", anything), has("source", nameShape), needs("field_mapping", dictionary(textShape)))))))),
	has("scalars", every(record("ScalarTypeDefinition", needs("name", graphQLNameShape), has("description", textShape)))))

// Remote schemas and what leads to them.

var remoteSchemaDefinitionShape = record("RemoteSchemaDef",
	has("url", textShape), has("url_from_env", nameShape), has("headers", headersShape), has("forward_client_headers", boolShape), has("timeout_seconds", integerShape),
	has("customization", record("RemoteSchemaCustomization",
		has("root_fields_namespace", graphQLNameShape),
		has("type_names", record("RemoteTypeCustomization", has("prefix", graphQLNameShape), has("suffix", textShape), has("mapping", dictionary(graphQLNameShape)))),
		has("field_names", every(record("RemoteFieldCustomization", needs("parent_type", graphQLNameShape),
			has("prefix", graphQLNameShape), has("suffix", textShape), has("mapping", dictionary(graphQLNameShape))))))))

var remoteSchemaPermissionParts = []part{
	needs("role", nameShape), needs("definition", record("RemoteSchemaPermissionDefinition", needs("schema", textShape))), has("comment", textShape),
}

var remoteSchemaShape = record("RemoteSchemaMetadata",
	needs("name", nameShape), needs("definition", remoteSchemaDefinitionShape), has("comment", textShape),
	has("permissions", every(record("RemoteSchemaPermissionMetadata", remoteSchemaPermissionParts...))),
	has("remote_relationships", every(record("SchemaRemoteRelationships", needs("type_name", graphQLNameShape), has("relationships", every(remoteRelationshipShape))))))

// remoteFieldShape is {field: {arguments, field?}}, as deep as the schema goes.
func remoteFieldShape(r *reader, n *node) {
	dictionary(record("FieldCall", needs("arguments", dictionary(anything)), has("field", remoteFieldShape)))(r, n)
}

// relationshipTypeShape is "object" or "array" (Hasura: RQL/Types/Common, RelType).
func relationshipTypeShape(r *reader, n *node) {
	if n.kind != stringNode || n.text != "object" && n.text != "array" {
		r.fail("expecting either 'object' or 'array' for rel_type")
	}
}

var remoteDefinitionShape shape = func(r *reader, n *node) {
	if n.kind == objectNode && !n.given("to_source") && !n.given("to_remote_schema") && n.given("remote_schema") { // the older spelling
		record("ToSchemaRelationshipDef", needs("remote_schema", nameShape), needs("hasura_fields", textsShape), needs("remote_field", remoteFieldShape))(r, n)
		return
	}
	exactlyOne("RemoteRelationshipDefinition",
		has("to_source", record("ToSourceRelationshipDef", needs("source", nameShape), needs("table", anything),
			needs("relationship_type", relationshipTypeShape), needs("field_mapping", dictionary(textShape)))),
		has("to_remote_schema", record("ToSchemaRelationshipDef", needs("remote_schema", nameShape), needs("lhs_fields", textsShape), needs("remote_field", remoteFieldShape))),
	)(r, n)
}

var remoteRelationshipShape = record("RemoteRelationship", needs("name", nameShape), needs("definition", remoteDefinitionShape))

// Settings.

var metricsShape = record("MetricsConfig", has("analyze_query_variables", boolShape), has("analyze_response_body", boolShape))

var networkShape = record("Network", has("tls_allowlist", every(record("TlsAllow",
	needs("host", textShape), has("suffix", textShape), has("permissions", every(choice("TLS permission", "self-signed")))))))

var agentsShape = dictionary(record("DataConnectorOptions", needs("uri", textShape), has("display_name", textShape)))

var backendConfigsShape = record("BackendMap",
	has("dataconnector", agentsShape), has("postgres", anything), has("citus", anything), has("cockroach", anything),
	has("mssql", anything), has("bigquery", anything), has("mysql", anything))

// Parts of a source.

var queryTagsShape = record("QueryTagsConfig", has("disabled", boolShape), has("format", choice("query tags format", "standard", "sqlcommenter")), has("omit_request_id", boolShape))

var healthCheckShape = record("HealthCheckConfig",
	has("test", record("HealthCheckTestSql", has("sql", textShape))), has("interval", integerShape), has("timeout", integerShape),
	has("retries", integerShape), has("retry_interval", integerShape))

var federationShape = record("ApolloFederationConfig", needs("enable", choice("version of Apollo federation", "v1")))

var validateInputShape = record("ValidateInput",
	needs("type", choice("type of input validation", "http")),
	needs("definition", record("ValidateInputHttpDefinition", needs("url", textShape), has("headers", headersShape), has("timeout", integerShape), has("forward_client_headers", boolShape))))

var functionResponseShape = record("FunctionResponse", needs("type", choice("type of response", "table")), has("table", tableNameShape))

// Native queries and logical models. They are served, so that of these a stored one is checked as well.

func fieldTypeShape(r *reader, n *node) {
	if n.kind == stringNode {
		return
	}
	nullable := has("nullable", boolShape)
	switch {
	case n.kind == objectNode && n.given("array"):
		record("LogicalModelType", needs("array", fieldTypeShape), nullable)(r, n)
	case n.kind == objectNode && n.given("logical_model"):
		record("LogicalModelType", needs("logical_model", nameShape), nullable)(r, n)
	default:
		record("LogicalModelType", needs("scalar", nameShape), nullable)(r, n)
	}
}

var modelParts = []part{
	needs("fields", every(record("LogicalModelField", needs("name", nameShape), needs("type", fieldTypeShape), has("nullable", boolShape), has("description", textShape)))),
	has("description", textShape), has("select_permissions", every(modelPermissionShape)),
}

var modelSelectShape = record("SelPerm",
	needs("columns", starOr), has("computed_fields", textsShape), needs("filter", dictionary(anything)), has("limit", integerShape), has("allow_aggregations", boolShape),
	has("query_root_fields", anything), has("subscription_root_fields", anything))

var modelPermissionShape = record("SelPermDef", needs("role", nameShape), needs("permission", modelSelectShape), has("comment", textShape))

var logicalModelShape = record("LogicalModelMetadata", append(slices.Clip(modelParts), needs("name", nameShape))...)

var nativeRelationshipShape = record("RelDef", needs("name", nameShape), has("comment", textShape),
	needs("using", record("RelManualConfig", needs("column_mapping", dictionary(textShape)), has("remote_native_query", nameShape), has("remote_table", tableNameShape),
		has("insertion_order", textShape))))

var nativeQueryParts = []part{
	needs("root_field_name", nameShape), needs("code", textShape), has("type", choice("type of a native query", "multiple", queryType, "single")),
	needs("returns", textOr(record("LogicalModel", append(slices.Clip(modelParts), has("name", nameShape))...))),
	has("arguments", dictionary(record("NullableScalarType", needs("type", textShape), has("nullable", boolShape), has("description", textShape)))),
	has("comment", textShape), has("description", textShape),
	has("object_relationships", every(nativeRelationshipShape)), has("array_relationships", every(nativeRelationshipShape)),
}

var nativeQueryShape = record("NativeQueryMetadata", nativeQueryParts...)

// Sources of other kinds: what all kinds have is checked, the rest is their own.

var foreignPermission = func(definition shape) shape {
	return every(record("PermDef", needs("role", nameShape), needs("permission", definition), has("comment", textShape)))
}

var foreignTableShape = record("TableMetadata",
	needs("table", anything), has("is_enum", boolShape), has("logical_model", anything), has("configuration", of(tableConfigurationCodec)),
	has("object_relationships", foreignRelationships), has("array_relationships", foreignRelationships),
	has("computed_fields", every(record("ComputedFieldMetadata", needs("name", nameShape), needs("definition", anything), has("comment", textShape)))),
	has("remote_relationships", every(remoteRelationshipShape)),
	has("insert_permissions", foreignPermission(of(insertDefinition))), has("select_permissions", foreignPermission(of(selectDefinition))),
	has("update_permissions", foreignPermission(of(updateDefinition))), has("delete_permissions", foreignPermission(of(deleteDefinition))),
	has("event_triggers", every(eventTriggerShape)), has("apollo_federation_config", federationShape))

var foreignRelationships = every(record("RelDef", needs("name", nameShape), needs("using", anything), has("comment", textShape)))

var foreignSourceShape = record("SourceMetadata",
	needs("name", nameShape), needs("kind", nameShape), needs("tables", every(foreignTableShape)), needs("configuration", anything),
	has("functions", every(record("FunctionMetadata", needs("function", anything), has("configuration", of(functionConfigurationCodec)),
		has("permissions", every(record("FunctionPermissionInfo", needs("role", nameShape)))), has("comment", textShape)))),
	has("native_queries", every(anything)), has("stored_procedures", every(anything)), has("logical_models", every(anything)),
	has("query_tags", queryTagsShape), has("customization", of(customizationCodec)), has("health_check", healthCheckShape))
