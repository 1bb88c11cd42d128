// What the tests of image building share: a context and a cache in a folder of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "images/images.h"
#include "images/overview.h"

namespace unkai::images {

namespace fs = std::filesystem;

class ImagesTest : public testing::Test {
protected:
    ImagesTest() {
        char name[] = "/tmp/unkai-images-test-XXXXXX";
        folder = ::mkdtemp(name);
        fs::permissions(folder, fs::perms(0711));
        options.context = folder + "/context";
        options.cache_folder = folder + "/cache";
        options.name = "test:v1";
        fs::create_directories(options.context);
    }
    ~ImagesTest() override { fs::remove_all(folder); }

    void write(const std::string& path, const std::string& text) {
        fs::create_directories(fs::path(options.context + "/" + path).parent_path());
        std::ofstream(options.context + "/" + path) << text;
    }
    Built built() {
        notes.clear();
        const auto out =
            build(options, {.note = [this](const std::string& note) { notes.push_back(note); }});
        EXPECT_TRUE(out) << out.error().message;
        return out ? *out : Built{};
    }
    std::string refusal() {
        const auto out = build(options);
        return out ? "" : out.error().code + ": " + out.error().message;
    }
    // The paths in an image, by the layers' lists.
    Overview overview(const Built& image) {
        Overview out;
        const auto cache = Cache::open(options.cache_folder);
        const auto manifest = wire::Json::parse(*cache->read_text(image.digest));
        for (const auto& layer : (*manifest)["layers"].as_array())
            out.add(*cache->list_of(LayerBlob::from_json(layer)));
        return out;
    }
    wire::Json config(const Built& image) {
        const auto cache = Cache::open(options.cache_folder);
        const auto manifest = wire::Json::parse(*cache->read_text(image.digest));
        return (*wire::Json::parse(
            *cache->read_text((*manifest)["config"]["digest"].as_string())))["config"];
    }

    std::string folder;
    BuildOptions options;
    std::vector<std::string> notes;
};

}  // namespace unkai::images
