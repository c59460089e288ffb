-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- A directory that nobody trusts, then trusts; and the small decisions of the plugin. Prints one
-- JSON object for each thing seen: { name, ok, detail }. Run by test_neovim.py.

local env = vim.fn.environ()
local all_ok = true

local function saw(name, ok, detail)
  all_ok = all_ok and ok and true or false
  local record = { name = name, ok = ok and true or false, detail = detail or vim.NIL }
  io.stdout:write(vim.fn.json_encode(record) .. "\n")
  io.stdout:flush()
end

local function await(milliseconds, found)
  local value
  vim.wait(milliseconds, function()
    value = found()
    return value and true or false
  end, 20)
  return value
end

local told = {}
vim.notify = function(text)
  table.insert(told, text)
end

local function was_told(words)
  return await(10000, function()
    for _, text in ipairs(told) do
      if text:find(words, 1, true) then
        return text
      end
    end
  end)
end

local function lenses(buffer)
  local params = { textDocument = vim.lsp.util.make_text_document_params() }
  local answers = vim.lsp.buf_request_sync(buffer, "textDocument/codeLens", params, 10000) or {}
  local _, answer = next(answers)
  return answer and answer.result or {}
end

local function decisions()
  local relevance = require("rex.relevance")
  saw("manifest", relevance.manifest_names_rex('[dependencies]\nrex = { path = "../rex" }'))
  saw("renamed", relevance.manifest_names_rex('kernel = { package = "rex" }'))
  saw("regex", not relevance.manifest_names_rex('[dependencies]\nregex = "1"\n# rex'))
  saw("attribute", relevance.source_uses_rex("#[rex_xdp]\nfn f() {}"))
  saw("other source", not relevance.source_uses_rex("use regex::Regex;"))
  local options = require("rex.options")
  saw("unknown option", not pcall(options.set, { interpeter = "python3" }))
  saw("wrong type", not pcall(options.set, { codelens = "yes" }))
  local names = require("rex.commands").complete("tr", "Rex tr")
  saw("completes", vim.deep_equal(names, { "trace", "trust" }), names)
end

local function main()
  vim.opt.runtimepath:prepend(env.REX_TEST_PLUGIN)
  vim.cmd("runtime plugin/rex.lua")
  vim.cmd("filetype on")
  decisions()
  require("rex").setup({ interpreter = env.REX_TEST_PYTHON })
  vim.cmd("edit " .. vim.fn.fnameescape(env.REX_TEST_FILE))
  local buffer = vim.api.nvim_get_current_buf()
  local here = await(20000, function()
    local c = require("rex.server").clients(buffer)[1]
    return c and c.initialized and c
  end)
  saw("attached", here)
  saw("told", was_told("is not trusted"), told)
  saw(
    "checks anyway",
    await(20000, function()
      return #vim.diagnostic.get(buffer) > 0
    end)
  )
  saw("no lens", #lenses(buffer) == 0, lenses(buffer))
  local question
  vim.fn.confirm = function(text)
    question = text
    return 2
  end
  vim.cmd("Rex build")
  saw("asks", question and question:find("Trust", 1, true), question)
  local root = here.config.root_dir
  saw("still not trusted", not require("rex.trust").is_trusted(root))
  vim.cmd("Rex trust")
  saw("trusted", require("rex.trust").is_trusted(root), root)
  saw(
    "lens",
    await(10000, function()
      return #lenses(buffer) > 0
    end)
  )
  local before = here.id
  vim.cmd("Rex restart")
  local fresh = await(20000, function()
    local c = require("rex.server").clients(buffer)[1]
    return c and c.initialized and c.id ~= before and c
  end)
  saw("restarted", fresh)
  saw(
    "trust is kept",
    await(10000, function()
      return #lenses(buffer) > 0
    end)
  )
  vim.cmd("Rex nonsense")
  saw("unknown subcommand", was_told("expected one of"), told)
  vim.cmd("checkhealth rex")
  local report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  saw("health", report:find("has rex%-lsp") and report:find("running for"), report)
end

local ok, problem = xpcall(main, debug.traceback)
if not ok then
  saw("script", false, problem)
end
for _, c in ipairs(require("rex.server").clients()) do
  vim.lsp.stop_client(c.id)
end
await(10000, function()
  return #require("rex.server").clients() == 0
end)
vim.cmd(all_ok and "qa!" or "cq!")
