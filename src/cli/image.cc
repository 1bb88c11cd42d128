#include "cli/image.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/cli.h"
#include "planes/containers/image.h"

namespace unkai::cli {

using wire::Json;

namespace {

struct ImageOptions {
    images::BuildOptions build;
    std::vector<std::string> arguments;  // --build-arg NAME=value
    bool no_cache = false;
    std::string layout;  // -o
    std::string name, destination;
};

std::string megabytes(int64_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

images::Progress plain_progress(const Context& context) {
    if (context.json) return {};
    return {.note =
                [](const std::string& note) {
                    fmt::print("  note  {}\n", note);
                    std::fflush(stdout);
                },
            .step =
                [](const images::Step& step) {
                    const std::string took =
                        step.cached ? "cached" : fmt::format("{:.1f} s", step.seconds);
                    fmt::print("{:>8}  {}\n", took, step.text.substr(0, 100));
                    std::fflush(stdout);
                }};
}

int run_build(const Context& context, ImageOptions options) {
    for (const std::string& argument : options.arguments) {
        const auto [name, value] = split_once(argument, '=');
        options.build.arguments[std::string(name)] = std::string(value);
    }
    options.build.use_cache = !options.no_cache;
    const auto built = images::build(options.build, plain_progress(context));
    if (!built) return finish_failed(context, "image build", built.error());
    if (!options.layout.empty()) {
        const std::string name =
            options.build.name.empty() ? "latest" : images::full_name(options.build.name);
        const Status written = images::write_layout(built->digest, name, options.layout);
        if (!written) return finish_failed(context, "image build", written.error());
    }
    const Json data = Json::object({{"digest", built->digest},
                                    {"name", options.build.name},
                                    {"contentTag", built->content_tag()},
                                    {"bytes", built->bytes},
                                    {"steps", built->steps},
                                    {"cachedSteps", built->cached_steps}});
    std::string text = "Built " + built->digest + " (" + megabytes(built->bytes) + ").";
    if (!options.build.name.empty())
        text += "\nPush it: unkai image push " + options.build.name + " REPOSITORY:TAG";
    return finish(context, "image build", data, text);
}

Result<std::string> digest_of(const std::string& name) {
    for (const images::NamedImage& image : images::list())
        if (image.name == images::full_name(name) || image.digest == name) return image.digest;
    return fail("ImageNotFound", "No image " + images::full_name(name) +
                                     " was built here. Build it: unkai image build DIR -t " + name);
}

int run_push(const Context& context, const ImageOptions& options) {
    const auto installation = need_running(context, "image push");
    if (!installation) return 1;
    const auto digest = digest_of(options.name);
    if (!digest) return finish_failed(context, "image push", digest.error());
    const auto reference = planes::containers::parse_reference(
        images::full_name(options.destination.empty() ? options.name : options.destination));
    if (!reference) return finish_failed(context, "image push", reference.error());
    Control control(*installation);
    const auto pushed =
        push_image(*installation, control, *digest, reference->repository, reference->tag);
    if (!pushed) return finish_failed(context, "image push", pushed.error());
    const Json data = Json::object({{"digest", pushed->digest},
                                    {"repository", reference->repository},
                                    {"tag", reference->tag},
                                    {"layers", pushed->layers},
                                    {"blobsSent", pushed->layers_sent},
                                    {"bytesSent", pushed->bytes_sent}});
    return finish(context, "image push", data,
                  "Pushed " + reference->repository + ":" + reference->tag + " (" +
                      megabytes(pushed->bytes_sent) + " sent; the rest was there).");
}

int run_list(const Context& context) {
    Json list = Json::array();
    std::string text;
    for (const images::NamedImage& image : images::list()) {
        list.push(
            Json::object({{"name", image.name}, {"digest", image.digest}, {"bytes", image.bytes}}));
        text += fmt::format("{:<40} {}  {:>10}\n", image.name, image.digest.substr(0, 19),
                            megabytes(image.bytes));
    }
    if (text.empty()) text = "No image was built here yet: unkai image build DIR -t NAME";
    return finish(context, "image list", Json::object({{"images", list}}), text);
}

void add_build(CLI::App& image, const Context& context, Action& action, ImageOptions& options) {
    CLI::App* build = image.add_subcommand("build", "Build an image from a Dockerfile");
    build->footer(
        "Examples:\n  unkai image build examples/saas/api -t saas-api\n"
        "  unkai image build . -t app:v2 -f deploy/Dockerfile --build-arg VERSION=2\n"
        "  unkai image build . -t app -o layout    # an OCI layout: skopeo copy "
        "oci:layout:app:latest …\n\n"
        "Base images (node, python, debian, scratch) are made from this machine's own programs.");
    build->add_option("DIR", options.build.context, "The build context")->required();
    build->add_option("-t,--tag", options.build.name, "The image's name");
    build->add_option("-f,--file", options.build.dockerfile,
                      "The Dockerfile, when it is not DIR/Dockerfile");
    build->add_option("--target", options.build.target, "The stage to build");
    build->add_option("--build-arg", options.arguments, "NAME=value, for ARG");
    build->add_option("-o,--output", options.layout,
                      "Write the image into this folder as an OCI layout");
    build->add_flag("--no-cache", options.no_cache, "Do every step again");
    build->callback([&] { action = [&context, &options] { return run_build(context, options); }; });
}

}  // namespace

Result<images::Pushed> push_image(const Installation& installation, Control& control,
                                  const std::string& digest, const std::string& repository,
                                  const std::string& tag) {
    TRY(const Json token, control.call("ecr", "GetAuthorizationToken", Json::object()));
    const auto credentials =
        from_base64(token["authorizationData"][0]["authorizationToken"].string_or(""));
    images::PushOptions options;
    TRY(options.address, net::Address::unix_socket(installation.control_socket()));
    options.authority = "localhost";
    options.credentials = credentials.value_or("");
    options.repository = repository;
    options.tag = tag;
    auto pushed = images::push(digest, options);
    if (!pushed &&
        pushed.error().message.find("does not exist in the registry") != std::string::npos)
        return fail("PushFailed", "There is no repository " + repository +
                                      ". Make it: aws ecr create-repository --repository-name " +
                                      repository);
    return pushed;
}

void add_image(CLI::App& app, Context& context, Action& action) {
    static ImageOptions options;
    CLI::App* image =
        app.add_subcommand("image", "Build container images without a daemon, and push them");
    image->footer(
        "Examples:\n  unkai image build examples/saas/api -t saas-api\n"
        "  unkai image push saas-api my-repository:v1\n  unkai image list");
    image->require_subcommand(1);
    add_build(*image, context, action, options);
    CLI::App* push =
        image->add_subcommand("push", "Push an image to a repository of the running Unkai");
    push->footer(
        "Examples:\n  unkai image push saas-api\n  unkai image push saas-api team/api:v2\n"
        "  unkai image push saas-api 123456789012.dkr.ecr.us-east-1.amazonaws.com/team/api:v2");
    push->add_option("NAME", options.name, "An image that was built here")->required();
    push->add_option("REPOSITORY", options.destination,
                     "Where to, with a tag; the image's own name unless told");
    push->callback([&] { action = [&context] { return run_push(context, options); }; });
    CLI::App* list = image->add_subcommand("list", "List the images that were built here");
    list->callback([&] { action = [&context] { return run_list(context); }; });
}

}  // namespace unkai::cli
