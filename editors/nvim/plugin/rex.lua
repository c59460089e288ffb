-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- The `:Rex` command. Nothing else is loaded until it is used or `setup` is called.

if vim.g.loaded_rex == 1 or vim.fn.has("nvim-0.7") == 0 then
  return
end
vim.g.loaded_rex = 1

vim.api.nvim_create_user_command("Rex", function(call)
  require("rex.commands").run(call.fargs)
end, {
  nargs = "+",
  desc = "Build, run and watch a Rex kernel extension",
  complete = function(lead, line)
    return require("rex.commands").complete(lead, line)
  end,
})
