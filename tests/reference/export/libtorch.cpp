// Runs saved models in libtorch, for `libtorch.py`: standard input holds a line `MODEL KIND B C H W INPUT OUTPUT` for each run, KIND
// being u8 or f32; INPUT and OUTPUT are raw values.
#include <torch/script.h>
#include <torch/version.h>

#include <fstream>
#include <iostream>

int main() {
  std::cout << TORCH_VERSION_MAJOR << '.' << TORCH_VERSION_MINOR << '.' << TORCH_VERSION_PATCH << std::endl;
  torch::NoGradGuard guard;
  std::string model, kind, input, output;
  long long b, c, h, w;
  while (std::cin >> model >> kind >> b >> c >> h >> w >> input >> output) {
    auto module = torch::jit::load(model);
    module.eval();
    auto x = torch::empty({b, c, h, w}, kind == "u8" ? torch::kUInt8 : torch::kFloat32);
    std::ifstream(input, std::ios::binary).read(static_cast<char*>(x.data_ptr()), x.nbytes());
    torch::Tensor y;
    // Three times: the executor optimises on the second.
    for (int i = 0; i < 3; i++) y = module.forward({x}).toTensor();
    y = y.contiguous();
    std::ofstream(output, std::ios::binary).write(static_cast<char*>(y.data_ptr()), y.nbytes());
  }
}
