// A stand-in for hashicorp/aws, with which `terraform validate` judges what `xacctctl policy --format terraform` prints.
//
// It has the two resources that are printed, with the arguments that version 6.62.0 of the provider has (their names, types
// and which of them are required), and the checks of its documentation pages "Resource: aws_iam_role" and "Resource:
// aws_iam_policy": lengths and characters of names, a session of 3600 to 43200 seconds, policies that are JSON. It makes
// nothing: the provider itself is hundreds of megabytes, and only `validate` is run.
package main

import (
	"context"
	"encoding/json"
	"log"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

const address = "registry.terraform.io/hashicorp/aws"

// matching is the check that a text matches a pattern.
type matching struct{ pattern *regexp.Regexp }

func (check matching) Description(context.Context) string { return "matches " + check.pattern.String() }
func (check matching) MarkdownDescription(ctx context.Context) string {
	return check.Description(ctx)
}
func (check matching) ValidateString(ctx context.Context, asked validator.StringRequest, answer *validator.StringResponse) {
	if asked.ConfigValue.IsNull() || asked.ConfigValue.IsUnknown() {
		return
	}
	if !check.pattern.MatchString(asked.ConfigValue.ValueString()) {
		answer.Diagnostics.AddAttributeError(asked.Path, "invalid value", check.Description(ctx))
	}
}

// document is the check that a text is a policy: an object in JSON.
type document struct{}

func (document) Description(context.Context) string { return "is an IAM policy in JSON" }
func (check document) MarkdownDescription(ctx context.Context) string {
	return check.Description(ctx)
}
func (check document) ValidateString(ctx context.Context, asked validator.StringRequest, answer *validator.StringResponse) {
	if asked.ConfigValue.IsNull() || asked.ConfigValue.IsUnknown() {
		return
	}
	var found map[string]any
	if json.Unmarshal([]byte(asked.ConfigValue.ValueString()), &found) != nil || found["Statement"] == nil {
		answer.Diagnostics.AddAttributeError(asked.Path, "invalid policy", check.Description(ctx))
	}
}

// within is the check that a number lies between two others.
type within struct{ least, most int64 }

func (within) Description(context.Context) string                   { return "is a number within its bounds" }
func (check within) MarkdownDescription(ctx context.Context) string { return check.Description(ctx) }
func (check within) ValidateInt64(ctx context.Context, asked validator.Int64Request, answer *validator.Int64Response) {
	if asked.ConfigValue.IsNull() || asked.ConfigValue.IsUnknown() {
		return
	}
	if value := asked.ConfigValue.ValueInt64(); value < check.least || value > check.most {
		answer.Diagnostics.AddAttributeError(asked.Path, "out of bounds", check.Description(ctx))
	}
}

func text(pattern string) schema.StringAttribute {
	attribute := schema.StringAttribute{Optional: true, Computed: true}
	if pattern != "" {
		attribute.Validators = []validator.String{matching{regexp.MustCompile(pattern)}}
	}
	return attribute
}

func policy() schema.StringAttribute {
	return schema.StringAttribute{Required: true, Validators: []validator.String{document{}}}
}

func texts() schema.MapAttribute {
	return schema.MapAttribute{Optional: true, ElementType: types.StringType}
}

// kind is one resource: its name, and what its block may have.
type kind struct {
	name       string
	attributes map[string]schema.Attribute
}

func (it kind) Metadata(_ context.Context, asked resource.MetadataRequest, answer *resource.MetadataResponse) {
	answer.TypeName = asked.ProviderTypeName + it.name
}
func (it kind) Schema(_ context.Context, _ resource.SchemaRequest, answer *resource.SchemaResponse) {
	answer.Schema = schema.Schema{Attributes: it.attributes}
}
func (kind) Create(_ context.Context, _ resource.CreateRequest, answer *resource.CreateResponse) {
	answer.Diagnostics.AddError("a stand-in", "it only validates")
}
func (kind) Read(_ context.Context, _ resource.ReadRequest, answer *resource.ReadResponse) {
	answer.Diagnostics.AddError("a stand-in", "it only validates")
}
func (kind) Update(_ context.Context, _ resource.UpdateRequest, answer *resource.UpdateResponse) {
	answer.Diagnostics.AddError("a stand-in", "it only validates")
}
func (kind) Delete(_ context.Context, _ resource.DeleteRequest, answer *resource.DeleteResponse) {
	answer.Diagnostics.AddError("a stand-in", "it only validates")
}

func role() resource.Resource {
	return kind{"_iam_role", map[string]schema.Attribute{
		"assume_role_policy":    policy(),
		"description":           text(`^.{0,1000}$`),
		"force_detach_policies": schema.BoolAttribute{Optional: true},
		"id":                    text(""),
		"managed_policy_arns":   schema.SetAttribute{Optional: true, ElementType: types.StringType},
		"max_session_duration": schema.Int64Attribute{
			Optional: true, Validators: []validator.Int64{within{3600, 43200}},
		},
		"name":                 text(`^[\w+=,.@-]{1,64}$`),
		"name_prefix":          text(`^[\w+=,.@-]{1,38}$`),
		"path":                 text(`^/([!-~]{1,510}/)?$`),
		"permissions_boundary": text(`^arn:`),
		"tags":                 texts(),
		"tags_all":             texts(),
	}}
}

func managedPolicy() resource.Resource {
	return kind{"_iam_policy", map[string]schema.Attribute{
		"policy":                            policy(),
		"delay_after_policy_creation_in_ms": schema.Int64Attribute{Optional: true},
		"description":                       text(`^.{0,1000}$`),
		"id":                                text(""),
		"name":                              text(`^[\w+=,.@-]{1,128}$`),
		"name_prefix":                       text(`^[\w+=,.@-]{1,102}$`),
		"path":                              text(`^/([!-~]{1,510}/)?$`),
		"tags":                              texts(),
		"tags_all":                          texts(),
	}}
}

type standIn struct{}

func (standIn) Metadata(_ context.Context, _ provider.MetadataRequest, answer *provider.MetadataResponse) {
	answer.TypeName = "aws"
}
func (standIn) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (standIn) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (standIn) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{role, managedPolicy}
}

func main() {
	made := func() provider.Provider { return standIn{} }
	if err := providerserver.Serve(context.Background(), made, providerserver.ServeOpts{Address: address}); err != nil {
		log.Fatal(err)
	}
}
