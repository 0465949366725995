"use strict";
// Before anything is shown: the page has a program, and perhaps a theme was chosen last time. Should
// the program fail, in a browser too old for it, the page is read as if there were none.
document.documentElement.classList.add("scripted");
addEventListener("error", function () { document.documentElement.classList.remove("scripted"); });
try {
  const theme = localStorage.getItem("trailscan-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) { /* no storage: the theme is the system's */ }
