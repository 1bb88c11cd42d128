#include "services/cloudformation/template.h"

#include <gtest/gtest.h>

#include "services/cloudformation/dynamic_reference.h"
#include "services/cloudformation/graph.h"
#include "services/cloudformation/parameters.h"
#include "services/cloudformation/rules.h"

namespace unkai::services::cloudformation {
namespace {

std::string error_of(std::string_view body) {
    const auto result = parse_template(body);
    return result ? "" : result.error().code + ": " + result.error().message;
}

Template good(std::string_view body) {
    auto result = parse_template(body);
    EXPECT_TRUE(result) << result.error().message;
    return std::move(*result);
}

TEST(Template, ReadsEverySection) {
    const Template made = good(R"(
AWSTemplateFormatVersion: 2010-09-09
Description: a site
Parameters:
  Size: {Type: Number, Default: 3, MinValue: 1, MaxValue: 5.5}
  Zones: {Type: 'List<AWS::EC2::AvailabilityZone::Name>', NoEcho: true}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}
Mappings: {Map: {one: {a: b}}}
Conditions: {Big: !Equals [!Ref Size, 5]}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Delete
    Condition: Big
    Properties: {BucketName: !Sub '${AWS::StackName}-x'}
  Other: {Type: AWS::S3::Bucket, DependsOn: Bucket, Metadata: {a: 1}}
Outputs:
  Name: {Value: !Ref Other, Export: {Name: site}, Condition: Big}
)");
    EXPECT_EQ(made.parameters[0].default_value, "3");
    EXPECT_EQ(made.parameters[0].max_value, 5.5);
    EXPECT_TRUE(made.parameters[1].is_list());
    EXPECT_TRUE(made.parameters[1].no_echo);
    EXPECT_EQ(made.parameters[1].value_type(), "AWS::EC2::AvailabilityZone::Name");
    EXPECT_TRUE(made.parameters[2].is_ssm());
    EXPECT_EQ(made.resource("Bucket")->deletion_policy, Retention::retain);
    EXPECT_EQ(made.resource("Other")->depends_on, std::vector<std::string>{"Bucket"});
    EXPECT_EQ(made.outputs[0].export_name.text(), "site");
}

TEST(Template, RefusesWithCloudFormationsWords) {
    const std::string bucket = "Resources: {B: {Type: AWS::S3::Bucket}}\n";
    struct Case {
        std::string body;
        const char* message;
    };
    for (const Case& c : {
             Case{"[]", "Template format error: unsupported structure."},
             {"", "Template format error: unsupported structure."},
             {"{\"a\": [}", "Template format error: JSON not well-formed."},
             {"a: [", "Template format error: YAML not well-formed."},
             {"Resources: {}",
              "Template format error: At least one Resources member must be defined."},
             {bucket + "Foo: 1", "Invalid template property or properties [Foo]"},
             {bucket + "Hooks: {a: b}", "The section Hooks is not supported"},
             {bucket + "Rules: {a: b}", "the rule a needs Assertions"},
             {bucket + "Rules: {a: {Assertions: [{B: c}]}}", "the rule a needs Assertions"},
             {bucket + "Transform: AWS::Serverless-2016-10-31",
              "Transform AWS::Serverless-2016-10-31 is not"},
             {"Resources: {B: {Properties: {}}}",
              "Every Resources object must contain a Type member."},
             {"Resources: {a-b: {Type: X}}", "Resource name a-b is non alphanumeric."},
             {"Resources: {B: {Type: X, Foo: 1}}",
              "Invalid template resource property for B: [Foo]"},
             {"Resources: {B: {Type: X, Properties: {A: !Ref Nope}}}",
              "Template format error: Unresolved resource dependencies [Nope] in the Resources "
              "block of the template"},
             {"Resources: {B: {Type: X, DependsOn: Nope}}",
              "Unresolved resource dependencies [Nope]"},
             {"Resources: {B: {Type: X, Properties: {A: !GetAtt Nope.Arn}}}",
              "Template error: instance of Fn::GetAtt references undefined resource Nope"},
             {"Resources: {B: {Type: X, Properties: {A: !Sub '${Nope}'}}}",
              "Unresolved resource dependencies [Nope]"},
             {"Resources: {B: {Type: X, Properties: {A: !Sub '${a b}'}}}",
              "variable names in Fn::Sub syntax"},
             {"Resources: {B: {Type: X, Properties: {A: {Fn::Nope: 1}}}}",
              "unsupported function: Fn::Nope"},
             {"Resources: {B: {Type: X, Properties: {A: {Fn::Sub: a, B: 1}}}}",
              "must be the only member"},
             {"Resources: {B: {Type: X, Condition: Nope}}",
              "Condition Nope for resource B is not defined"},
             {"Resources: {B: {Type: X, Properties: {A: !If [Nope, 1, 2]}}}",
              "Unresolved condition dependency Nope"},
             {"Resources: {B: {Type: X, Properties: {A: {'Fn::Transform': {Name: x}}}}}",
              "Fn::Transform is not supported"},
             {"Resources: {B: {Type: X, DeletionPolicy: Maybe}}",
              "DeletionPolicy of resource B must be one of"},
             {bucket + "Conditions: {C: !Equals [!Ref B, 1]}",
              "Unresolved dependencies [B]. Cannot reference"},
             {bucket + "Outputs: {O: {Description: x}}",
              "Every Outputs member must contain a Value object"},
             {bucket + "Outputs: {O: {Value: !Ref Nope}}", "in the Outputs block of the template"},
             {bucket + "Parameters: {P: {Default: 1}}",
              "Every Parameters object must contain a Type member."},
             {bucket + "Parameters: {P: {Type: Text}}", "Unrecognized parameter type: Text"},
             {bucket + "Parameters: {P: {Type: String, Foo: 1}}", "[Foo]"},
             {"AWSTemplateFormatVersion: 2011-01-01\n" + bucket,
              "2011-01-01 is not a supported value"},
         })
        EXPECT_NE(error_of(c.body).find(c.message), std::string::npos)
            << c.body << " → " << error_of(c.body);
    EXPECT_NE(error_of("Resources: {B: {Type: X, DependsOn: Nope}}")
                  .find("[Nope] in the Resources block"),
              std::string::npos);
}

ParameterTexts texts(std::initializer_list<std::pair<const std::string, std::string>> list) {
    return list;
}

TEST(Parameters, AreChosenAndChecked) {
    const Template declared = good(R"(
Parameters:
  Name: {Type: String, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 4, Default: abc}
  Size: {Type: Number, MinValue: 1, MaxValue: 5, Default: 3}
  Kind: {Type: String, AllowedValues: [a, b], Default: a, ConstraintDescription: pick one}
  List: {Type: CommaDelimitedList, Default: 'x, y'}
  Need: {Type: String}
Resources: {B: {Type: X}}
)");
    const auto run = [&](ParameterTexts given) {
        const auto chosen = choose_parameters(declared, given);
        return chosen ? "ok" : chosen.error().message;
    };
    EXPECT_EQ(run({{"Need", "x"}}), "ok");
    EXPECT_EQ(run({}), "Parameters: [Need] must have values");
    EXPECT_EQ(run(texts({{"Need", ""}, {"Nope", ""}})),
              "Parameters: [Nope] do not exist in the template");
    EXPECT_EQ(run({{"Need", ""}, {"Name", "ABC"}}), "Parameter 'Name' must match pattern [a-z]+");
    EXPECT_EQ(run({{"Need", ""}, {"Name", "a"}}),
              "Parameter 'Name' must contain at least 2 characters");
    EXPECT_EQ(run({{"Need", ""}, {"Name", "abcde"}}),
              "Parameter 'Name' must contain at most 4 characters");
    EXPECT_EQ(run({{"Need", ""}, {"Size", "x"}}), "Parameter 'Size' must be a number.");
    EXPECT_EQ(run({{"Need", ""}, {"Size", "0"}}),
              "Parameter 'Size' must be a number not less than 1");
    EXPECT_EQ(run({{"Need", ""}, {"Size", "6"}}),
              "Parameter 'Size' must be a number not greater than 5");
    EXPECT_EQ(run({{"Need", ""}, {"Kind", "c"}}),
              "Parameter 'Kind' failed to satisfy constraint: pick one");
    EXPECT_EQ(parameter_value(*declared.parameter("List"), "x, y").dump(), R"(["x","y"])");
}

struct Evaluator {
    Template declared;
    Values values{.declared = declared};
    explicit Evaluator(std::string_view body) : declared(good(body)) {
        values.account = "123456789012";
        values.region = "eu-west-1";
        values.stack_name = "site";
        values.parameters = {{"P", "prod"}, {"L", Json::array({"a", "b"})}};
        values.reference = [](const std::string& name) { return Result<Json>("id-" + name); };
        values.attribute = [](const std::string& name, const std::string& attribute) {
            return Result<Json>(name + ":" + attribute);
        };
        values.import_value = [](const std::string& name) -> Result<std::string> {
            if (name == "net") return std::string("vpc-1");
            return validation_error("No export named " + name + " found.");
        };
        values.availability_zones = [](const std::string& region) {
            return std::vector<std::string>{region + "a", region + "b"};
        };
        auto conditions = evaluate_conditions(values);
        EXPECT_TRUE(conditions) << conditions.error().message;
        values.conditions = *conditions;
    }
};

constexpr const char* base_template = R"(
Transform: AWS::LanguageExtensions
Parameters: {P: {Type: String}, L: {Type: CommaDelimitedList}}
Mappings: {M: {prod: {size: big, list: [1, 2]}}}
Conditions:
  Both: !And [!Condition Prod, !Not [!Condition Dev]]
  Prod: !Equals [!Ref P, prod]
  Dev: !Or [!Equals [!Ref P, dev], !Equals [!Ref P, test]]
Resources:
  A: {Type: X}
  B: {Type: X, Condition: Dev}
)";

TEST(Evaluate, AllFunctions) {
    Evaluator e(base_template);
    EXPECT_TRUE(e.values.conditions["Both"]);
    EXPECT_FALSE(e.values.conditions["Dev"]);
    struct Case {
        const char* expression;
        const char* value;
    };
    for (const Case& c : {
             Case{R"({"Ref":"P"})", R"("prod")"},
             {R"({"Ref":"A"})", R"("id-A")"},
             {R"({"Ref":"AWS::AccountId"})", R"("123456789012")"},
             {R"({"a":{"Ref":"AWS::NoValue"},"b":[1,{"Ref":"AWS::NoValue"},true]})",
              R"({"b":[1,true]})"},
             {R"({"Fn::GetAtt":["A","Endpoint.Port"]})", R"("A:Endpoint.Port")"},
             {R"({"Fn::GetAtt":"A.Arn"})", R"("A:Arn")"},
             {R"({"Fn::Sub":"${AWS::Region}/${A}/${A.Arn}/${!Keep}/${P}/$x"})",
              R"("eu-west-1/id-A/A:Arn/${Keep}/prod/$x")"},
             {R"({"Fn::Sub":["${V}-${P}",{"V":{"Ref":"A"}}]})", R"("id-A-prod")"},
             {R"({"Fn::Join":["-",["a",1,{"Ref":"P"}]]})", R"("a-1-prod")"},
             {R"({"Fn::Join":[",",{"Ref":"L"}]})", R"("a,b")"},
             {R"({"Fn::Select":["1",{"Ref":"L"}]})", R"("b")"},
             {R"({"Fn::Select":[0,{"Fn::GetAZs":""}]})", R"("eu-west-1a")"},
             {R"({"Fn::Split":["::",  "a::b::"]})", R"(["a","b",""])"},
             {R"({"Fn::FindInMap":["M",{"Ref":"P"},"size"]})", R"("big")"},
             {R"({"Fn::FindInMap":["M","dev","size",{"DefaultValue":"small"}]})", R"("small")"},
             {R"({"Fn::If":["Prod","yes",{"Ref":"B"}]})", R"("yes")"},
             {R"({"x":{"Fn::If":["Dev","yes",{"Ref":"AWS::NoValue"}]}})", "{}"},
             {R"({"Fn::Base64":"hi"})", R"("aGk=")"},
             {R"({"Fn::Cidr":["10.0.0.0/16",3,"8"]})",
              R"(["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"])"},
             {R"({"Fn::Cidr":["10.0.1.7/24",2,4]})", R"(["10.0.1.0/28","10.0.1.16/28"])"},
             {R"({"Fn::Cidr":["2001:db8::/56",2,64]})", R"(["2001:db8::/64","2001:db8:0:1::/64"])"},
             {R"({"Fn::ImportValue":{"Fn::Sub":"net"}})", R"("vpc-1")"},
             {R"({"Fn::Length":{"Ref":"L"}})", "2"},
             {R"({"Fn::ToJsonString":{"a":[1,{"Ref":"P"}]}})", R"("{\"a\":[1,\"prod\"]}")"},
             {R"({"Condition":{"StringEquals":{"a":"b"}},"Effect":"Allow"})",
              R"({"Condition":{"StringEquals":{"a":"b"}},"Effect":"Allow"})"},
         }) {
        const auto value = evaluate(*Json::parse(c.expression), e.values);
        ASSERT_TRUE(value) << c.expression << value.error().message;
        EXPECT_EQ(value->dump(), c.value) << c.expression;
    }
}

TEST(Evaluate, Errors) {
    Evaluator e(base_template);
    struct Case {
        const char* expression;
        const char* message;
    };
    for (const Case& c : {
             Case{R"({"Ref":"B"})", "Unresolved resource dependencies [B]"},
             {R"({"Fn::Select":[2,{"Ref":"L"}]})", "cannot select nonexistent value at index 2"},
             {R"({"Fn::Select":["x",{"Ref":"L"}]})", "an integer index and a list"},
             {R"({"Fn::FindInMap":["N","a","b"]})", "Mapping named 'N' is not present"},
             {R"({"Fn::FindInMap":["M","a","b"]})", "Unable to get mapping for M::a::b"},
             {R"({"Fn::Join":["-","a"]})", "every Fn::Join object requires two parameters"},
             {R"({"Fn::Split":["","a"]})", "every Fn::Split object requires"},
             {R"({"Fn::ImportValue":"nope"})", "No export named nope found."},
             {R"({"Fn::Cidr":["10.0.0.0/24",4,7]})", "cannot be divided into 4 blocks"},
             {R"({"Fn::Cidr":["10.0.0.0/24",1,9]})", "do not fit"},
             {R"({"Fn::Cidr":["10.0.0.0/33",1,9]})", "is not a CIDR block"},
             {R"({"Fn::Base64":["a"]})", "String-typed value"},
             {R"({"Fn::Sub":"${L}"})", "is not a string"},
         }) {
        const auto value = evaluate(*Json::parse(c.expression), e.values);
        ASSERT_FALSE(value) << c.expression;
        EXPECT_NE(value.error().message.find(c.message), std::string::npos)
            << value.error().message;
    }
}

TEST(Evaluate, RulesAssertWhatParametersMustBe) {
    struct Case {
        const char* rule;
        const char* message;  // Null: it holds.
    };
    for (const Case& c : std::initializer_list<Case>{
             {"Assertions: [{Assert: {'Fn::Contains': [[a, b], !Ref P]}}]", nullptr},
             {"Assertions: [{Assert: !Not [{'Fn::Contains': [[a, b], !Ref P]}], "
              "AssertDescription: Not a.}]",
              "Not a."},
             {"{RuleCondition: !Equals [!Ref P, z], Assertions: [{Assert: !Equals [1, 2]}]}",
              nullptr},
             {"Assertions: [{Assert: {'Fn::EachMemberIn': [[a], [a, b]]}}, "
              "{Assert: {'Fn::EachMemberEquals': [[a, b], a]}}]",
              "assertion failed: R"},
             {"Assertions: [{Assert: {'Fn::RefAll': 'AWS::EC2::VPC::Id'}}]", "not supported"},
             {"Assertions: [{Assert: !Ref P}]", "must be true or false"},
             {"Assertions: [{Assert: {'Fn::Contains': [!Ref P]}}]", "needs a list"},
         }) {
        const Template declared =
            good("Parameters: {P: {Type: String}}\nResources: {R: {Type: X}}\nRules: {R: " +
                 (std::string(c.rule).starts_with("{") ? c.rule : "{" + std::string(c.rule) + "}") +
                 "}\n");
        Values values{.declared = declared};
        values.parameters["P"] = "a";
        const Status checked = check_rules(values);
        ASSERT_EQ(bool(checked), c.message == nullptr) << c.rule;
        if (!checked)
            EXPECT_NE(checked.error().message.find(c.message), std::string::npos)
                << checked.error().message;
    }
}

TEST(Evaluate, CircularConditionsAreNamed) {
    const Template declared = good(
        "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}\n"
        "Resources: {R: {Type: X}}");
    const auto conditions = evaluate_conditions({.declared = declared});
    ASSERT_FALSE(conditions);
    EXPECT_EQ(conditions.error().message,
              "Template error: Circular dependencies for conditions [A, B]");
}

TEST(Graph, FollowsReferencesOfTheTakenBranches) {
    Evaluator e(R"(
Conditions: {Never: !Equals [a, b]}
Resources:
  Vpc: {Type: X}
  Gone: {Type: X, Condition: Never}
  Subnet:
    Type: X
    Properties: {V: !GetAtt Vpc.Id, W: !If [Never, !Ref Gone, 1]}
    DependsOn: [Gone]
  Task: {Type: X, Properties: {S: !Sub '${Subnet}-${Vpc.Arn}'}}
)");
    const auto graph = dependency_graph(e.values);
    ASSERT_TRUE(graph) << graph.error().message;
    EXPECT_EQ(*graph, (Graph{{"Subnet", {"Vpc"}}, {"Task", {"Subnet", "Vpc"}}, {"Vpc", {}}}));
}

TEST(Graph, NamesTheResourcesOfACycle) {
    Evaluator e(R"(
Resources:
  C: {Type: X, Properties: {A: !Ref B}}
  A: {Type: X, Properties: {B: !Ref B}}
  B: {Type: X, Properties: {A: !GetAtt A.Id}}
)");
    const auto graph = dependency_graph(e.values);
    ASSERT_FALSE(graph);
    EXPECT_EQ(graph.error().message, "Circular dependency between resources: [A, B]");
    Evaluator self("Resources: {A: {Type: X, DependsOn: A}}");
    EXPECT_EQ(dependency_graph(self.values).error().message,
              "Circular dependency between resources: [A]");
}

TEST(DynamicReference, IsFoundReadAndReplaced) {
    const Json value = *Json::parse(
        R"({"p":"{{resolve:secretsmanager:db:SecretString:password}}","u":["a-{{resolve:ssm:/x:3}}-{{resolve:ssm:/y}}"]})");
    std::set<std::string> found;
    find_dynamic_references(value, found);
    EXPECT_EQ(found, (std::set<std::string>{"secretsmanager:db:SecretString:password", "ssm:/x:3",
                                            "ssm:/y"}));
    EXPECT_EQ(put_dynamic_values(
                  value, {{"ssm:/x:3", "X"}, {"secretsmanager:db:SecretString:password", "s"}})
                  .dump(),
              R"({"p":"s","u":["a-X-{{resolve:ssm:/y}}"]})");
    const auto secret = parse_dynamic_reference(
        "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:"
        "SecretString:password:AWSPENDING");
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->id, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf");
    EXPECT_EQ(secret->json_key, "password");
    EXPECT_EQ(secret->stage, "AWSPENDING");
    EXPECT_EQ(parse_dynamic_reference("ssm:/x:3")->version, "3");
    EXPECT_FALSE(parse_dynamic_reference("ssm:/x:y"));
    EXPECT_FALSE(parse_dynamic_reference("kms:x"));
    EXPECT_FALSE(parse_dynamic_reference("secretsmanager:x:SecretBinary"));
}

}  // namespace
}  // namespace unkai::services::cloudformation
