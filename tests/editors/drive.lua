-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- Does in Neovim what a person does with the plugin, and prints one JSON object for each thing
-- seen: { name, ok, detail }. Works from Neovim 0.7 to 0.11; run by test_neovim.py.

local env = vim.fn.environ()
local FILE, PLUGIN = env.REX_TEST_FILE, env.REX_TEST_PLUGIN
local all_ok = true

local function say(record)
  io.stdout:write(vim.fn.json_encode(record) .. "\n")
  io.stdout:flush()
end

local function saw(name, ok, detail)
  all_ok = all_ok and ok and true or false
  say({ name = name, ok = ok and true or false, detail = detail == nil and vim.NIL or detail })
end

local function await(milliseconds, found)
  local value
  vim.wait(milliseconds, function()
    value = found()
    return value and true or false
  end, 20)
  return value
end

local function client()
  return require("rex.server").clients()[1]
end

local function line_with(buffer, needle)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    if line:find(needle, 1, true) then
      return number, line
    end
  end
  return nil
end

local function lenses(buffer)
  local titles = {}
  for _, lens in ipairs(vim.lsp.codelens.get(buffer) or {}) do
    if lens.command then
      table.insert(titles, lens.command.title)
    end
  end
  return titles
end

local function with_title(titles, word)
  for _, title in ipairs(titles) do
    if title:find(word, 1, true) then
      return title
    end
  end
  return nil
end

local function lens_marks(buffer)
  local texts = {}
  for name, space in pairs(vim.api.nvim_get_namespaces()) do
    if name:find("codelens") then
      local marks = vim.api.nvim_buf_get_extmarks(buffer, space, 0, -1, { details = true })
      for _, mark in ipairs(marks) do
        for _, chunk in ipairs(mark[4].virt_text or {}) do
          table.insert(texts, chunk[1])
        end
      end
    end
  end
  return texts
end

local function of_code(buffer, code)
  return vim.tbl_filter(function(diagnostic)
    return diagnostic.code == code
  end, vim.diagnostic.get(buffer))
end

local function request(buffer, method, params)
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 10000) or {}
  local _, answer = next(answers)
  return answer and answer.result
end

local function attach(buffer)
  local here = await(20000, function()
    local c = client()
    return c and c.initialized and vim.lsp.buf_is_attached(buffer, c.id) and c
  end)
  saw("attached", here, here and here.offset_encoding)
  return here
end

local function see_diagnostic(buffer)
  local found = await(20000, function()
    return of_code(buffer, "rex::leak")[1]
  end)
  local number, line = line_with(buffer, "forget(")
  local text = found and line:sub(found.col + 1, found.end_col)
  saw("diagnostic", found and found.lnum + 1 == number, found and found.message)
  saw("diagnostic bytes", text and text:find("forget") and not text:find("😀"), text)
  return found
end

local function fix(buffer, found)
  local menu
  vim.ui.select = function(items, options, choose)
    menu = vim.tbl_map(options.format_item or tostring, items)
    for index, title in ipairs(menu) do
      if title:find("drop", 1, true) then
        return choose(items[index], index)
      end
    end
    choose(nil, nil)
  end
  vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
  vim.lsp.buf.code_action()
  local fixed = await(10000, function()
    local _, line = line_with(buffer, "😀")
    return line:find("drop(", 1, true) and not line:find("forget", 1, true) and line
  end)
  saw("quick fix", fixed, { menu = menu or {}, line = fixed or "" })
  saw(
    "diagnostic gone",
    await(10000, function()
      return #of_code(buffer, "rex::leak") == 0
    end)
  )
end

local function see_lens(buffer)
  local titles = await(10000, function()
    local now = lenses(buffer)
    return with_title(now, "Run") and now
  end)
  saw("lens", titles, titles)
  saw(
    "lens drawn",
    await(5000, function()
      return with_title(lens_marks(buffer), "Run")
    end),
    lens_marks(buffer)
  )
end

local function complete(buffer, here)
  local last = vim.api.nvim_buf_line_count(buffer)
  vim.api.nvim_buf_set_lines(buffer, last, last, false, { "use rex::" })
  vim.api.nvim_win_set_cursor(0, { last + 1, 8 })
  local params = vim.lsp.util.make_position_params(0, here.offset_encoding)
  params.position.character = 9
  local result = request(buffer, "textDocument/completion", params) or {}
  local labels = vim.tbl_map(function(item)
    return item.label
  end, result.items or result)
  saw("completion", vim.tbl_contains(labels, "map"), vim.list_slice(labels, 1, 20))
  vim.api.nvim_buf_set_lines(buffer, last, last + 1, false, {})
end

local function hover(buffer)
  local number, line = line_with(buffer, "#[rex_")
  vim.api.nvim_win_set_cursor(0, { number, line:find("rex_", 1, true) + 1 })
  vim.lsp.buf.hover()
  local text = await(10000, function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        local float = vim.api.nvim_win_get_buf(window)
        return table.concat(vim.api.nvim_buf_get_lines(float, 0, -1, false), "\n")
      end
    end
  end)
  saw("hover", text and text:find("rex", 1, true), text)
  vim.cmd("normal! l")
end

local function save(buffer)
  vim.cmd("silent write")
  local _, line = line_with(buffer, "😀")
  saw("saved", vim.tbl_contains(vim.fn.readfile(FILE), line), line)
end

local function logged(pattern, milliseconds)
  return await(milliseconds, function()
    for _, line in ipairs(require("rex.log").lines()) do
      if line:find(pattern) then
        return line
      end
    end
  end)
end

local told = {}
vim.notify = function(text)
  table.insert(told, text)
end

local function was_told(words, milliseconds)
  return await(milliseconds, function()
    return vim.tbl_contains(told, words)
  end)
end

local function see_measured(buffer)
  local title = await(20000, function()
    return with_title(lenses(buffer), "stack ")
  end)
  saw("stack lens", title, lenses(buffer))
  vim.cmd("Rex stack")
  local listed = await(10000, function()
    local found = vim.fn.getqflist({ items = 1, title = 1 })
    return #found.items > 0 and found
  end)
  local first = listed and listed.items[1] or {}
  saw("deepest path", (first.text or ""):find("entered at", 1, true), listed)
  vim.cmd("cclose")
end

local function build_and_run(buffer)
  local number = line_with(buffer, "#[rex_")
  vim.api.nvim_win_set_cursor(0, { number + 1, 0 })
  vim.cmd("Rex build")
  saw("built", was_told("rex: build done", 240000), { told, require("rex.log").lines() })
  see_measured(buffer)
  vim.cmd("Rex run")
  saw("traced", logged("Rust triggered from PID %d+", 120000), require("rex.log").lines())
  saw("ended", was_told("rex: run done", 60000), told)
  vim.cmd("Rex trace")
  local shown = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  saw("trace window", shown:find("Rust triggered from PID", 1, true), vim.fn.bufname())
  vim.cmd("close")
end

local function leave()
  for _, c in ipairs(require("rex.server").clients()) do
    vim.lsp.stop_client(c.id)
  end
  await(10000, function()
    return client() == nil
  end)
  saw("stopped", client() == nil)
  vim.cmd(all_ok and "qa!" or "cq!")
end

local function main()
  vim.opt.runtimepath:prepend(PLUGIN)
  vim.cmd("runtime plugin/rex.lua")
  vim.cmd("filetype on")
  require("rex").setup({ interpreter = env.REX_TEST_PYTHON, trusted = true })
  vim.cmd("edit " .. vim.fn.fnameescape(FILE))
  local buffer = vim.api.nvim_get_current_buf()
  local here = attach(buffer)
  if here == nil then
    return
  end
  local found = see_diagnostic(buffer)
  if found then
    fix(buffer, found)
  end
  see_lens(buffer)
  complete(buffer, here)
  hover(buffer)
  save(buffer)
  build_and_run(buffer)
end

local ok, problem = xpcall(main, debug.traceback)
if not ok then
  saw("script", false, problem)
end
leave()
