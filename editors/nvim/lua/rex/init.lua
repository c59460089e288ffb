-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- Rex in Neovim: `require("rex").setup()` starts the language server for crates that name rex.

local M = {}

--- Starts the server for Rust files that may be Rex, now and from now on.
--- Options are listed in `:help rex-options`.
function M.setup(options)
  require("rex.options").set(options or {})
  if vim.lsp.enable ~= nil then
    -- The file lsp/rex_ls.lua is found only where the plugin is on the runtime path.
    vim.lsp.config("rex_ls", require("rex.server").config())
    vim.lsp.enable("rex_ls")
    return
  end
  local group = vim.api.nvim_create_augroup("rex", { clear = true })
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    pattern = "rust",
    callback = function(event)
      require("rex.server").start(event.buf)
    end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype == "rust" then
      require("rex.server").start(buffer)
    end
  end
end

return M
