-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- `:checkhealth rex`: everything the plugin needs, and the command that mends what is missing.

local M = {}

local health = vim.health or require("health")
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local report = health.error or health.report_error

local function check_neovim()
  local v = vim.version()
  local version = ("%d.%d.%d"):format(v.major, v.minor, v.patch)
  if vim.fn.has("nvim-0.10") == 1 then
    ok("Neovim " .. version)
  elseif vim.fn.has("nvim-0.7") == 1 then
    warn("Neovim " .. version .. " has no inlay hints, 0.10 and later do")
  else
    report("expected Neovim 0.7 or later, found " .. version)
  end
end

local function check_server()
  local words = require("rex.options").get().interpreter
  local interpreter = table.concat(words, " ")
  if vim.fn.executable(words[1]) == 0 then
    report(
      ('"%s" could not be started'):format(interpreter),
      { 'install Python 3.10 or later, or set "interpreter" in require("rex").setup' }
    )
    return
  end
  local probe = vim.list_extend(vim.deepcopy(words), {
    "-c",
    "import sys; sys.path = [p for p in sys.path if p]; import rex_lsp; print(rex_lsp.__version__)",
  })
  local answer = vim.fn.system(probe)
  if vim.v.shell_error == 0 then
    ok(("%s has rex-lsp %s"):format(interpreter, vim.trim(answer)))
    return
  end
  local lines = vim.split(vim.trim(answer), "\n")
  report(
    ("%s cannot import rex_lsp: %s"):format(interpreter, lines[#lines]),
    { ("run: %s -m pip install rex-lsp"):format(interpreter) }
  )
end

local function check_clients()
  local clients = require("rex.server").clients()
  if #clients == 0 then
    ok("no server is running: it starts with the first Rust file of a crate that names rex")
  end
  for _, client in ipairs(clients) do
    local root = client.config.root_dir
    local trusted = require("rex.trust").is_trusted(root) and "trusted"
      or "not trusted, `:Rex trust` lets it build and run"
    ok(("running for %s (%s, %s)"):format(root, client.offset_encoding, trusted))
  end
end

function M.check()
  start("rex")
  check_neovim()
  check_server()
  check_clients()
end

return M
